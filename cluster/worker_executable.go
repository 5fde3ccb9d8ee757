package cluster

import (
	"bytes"
	"io"
	"os"
	"sync"
)

// A signature is a text that the executables of one runtime contain, and no others.
type signature struct {
	runtime Runtime
	bytes   []byte
}

// signatures are put together at run time, so that this program, which looks for them, does not contain them.
var signatures = []signature{
	// node::Start(int, char**), which Node's executable exports, or imports from libnode.
	{RuntimeNode, joined("_ZN4node", "5StartEiPPc")},
	// The names of the modules that make Deno's node:cluster.
	{RuntimeDeno, joined("ext:", "deno_node/")},
	// The beginning of the build information of a Go program.
	{RuntimeGo, joined("\xff Go ", "buildinf:")},
}

func joined(head, tail string) []byte { return append([]byte(head), tail...) }

// maxExecutable is how many bytes of an executable are searched. Today's runtimes have 80 to 150 MB, and a signature in the first 10.
const maxExecutable = 1 << 30

// runtimeOf returns the runtime whose signature an executable contains, or "".
func runtimeOf(executable io.Reader) Runtime {
	overlap := 0
	for _, s := range signatures {
		overlap = max(overlap, len(s.bytes)-1)
	}
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		n, err := io.ReadFull(executable, buf[kept:])
		searched := buf[:kept+n]
		for _, s := range signatures {
			if bytes.Contains(searched, s.bytes) {
				return s.runtime
			}
		}
		if err != nil {
			return ""
		}
		kept = copy(buf, searched[len(searched)-overlap:])
	}
}

// executables remember which files were searched, so that each is searched once, however many workers run it.
type executables struct {
	mu    sync.Mutex
	files []*executable
}

// maxExecutables is how many files are remembered.
const maxExecutables = 64

type executable struct {
	info    os.FileInfo
	search  sync.Once
	runtime Runtime
}

// runtime returns the runtime of the first of the paths that can be opened.
func (e *executables) runtime(paths ...string) Runtime {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		found := e.find(info)
		found.search.Do(func() { found.runtime = runtimeOf(io.LimitReader(file, maxExecutable)) })
		return found.runtime
	}
	return ""
}

// find returns what is remembered of a file, unless the file has changed since.
func (e *executables) find(info os.FileInfo) *executable {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.files {
		if os.SameFile(f.info, info) && f.info.ModTime().Equal(info.ModTime()) && f.info.Size() == info.Size() {
			return f
		}
	}
	if len(e.files) == maxExecutables {
		e.files = e.files[1:]
	}
	f := &executable{info: info}
	e.files = append(e.files, f)
	return f
}
