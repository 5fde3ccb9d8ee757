package cluster

import (
	"bytes"
	"io"
	"os"
	"strconv"
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
func runtimeOf(executable io.Reader) (r Runtime) {
	overlap := 0
	for _, s := range signatures {
		overlap = max(overlap, len(s.bytes)-1)
	}
	searchIn(executable, overlap, func(part []byte) bool {
		for _, s := range signatures {
			if bytes.Contains(part, s.bytes) {
				r = s.runtime
				return true
			}
		}
		return false
	})
	return r
}

// unknownVersion is the version of a Node that does not say it, as one that a distribution has built.
const unknownVersion = -1

// versionSignature is what the version follows in the address of its release that Node has in process.release.
var versionSignature = joined("/node", "-v")

// nodeVersionOf returns the major version of an executable of Node, or unknownVersion.
func nodeVersionOf(executable io.Reader) int {
	const digits = len("20.")
	version := unknownVersion
	searchIn(executable, len(versionSignature)+digits, func(part []byte) bool {
		for {
			_, rest, found := bytes.Cut(part, versionSignature)
			if !found {
				return false
			}
			major, _, complete := bytes.Cut(rest[:min(len(rest), digits)], []byte("."))
			if n, err := strconv.Atoi(string(major)); err == nil && complete {
				version = n
				return true
			}
			part = rest
		}
	})
	return version
}

// searchIn calls found with one part of an executable after the other, until it returns true. Each part has the end of the one before.
func searchIn(executable io.Reader, overlap int, found func(part []byte) bool) {
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		n, err := io.ReadFull(executable, buf[kept:])
		part := buf[:kept+n]
		if found(part) || err != nil {
			return
		}
		kept = copy(buf, part[len(part)-overlap:])
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
	info          os.FileInfo
	search        sync.Once
	runtime       Runtime
	versionSearch sync.Once
	version       int
}

// runtime returns the runtime of the first of the paths that can be opened.
func (e *executables) runtime(paths ...string) Runtime {
	file, found := e.open(paths)
	if file == nil {
		return ""
	}
	defer file.Close()
	found.search.Do(func() { found.runtime = runtimeOf(io.LimitReader(file, maxExecutable)) })
	return found.runtime
}

// nodeVersion returns the major version of Node of the first of the paths that can be opened, or unknownVersion.
func (e *executables) nodeVersion(paths ...string) int {
	file, found := e.open(paths)
	if file == nil {
		return unknownVersion
	}
	defer file.Close()
	found.versionSearch.Do(func() { found.version = nodeVersionOf(io.LimitReader(file, maxExecutable)) })
	return found.version
}

// open opens the first of the paths that is an executable, with what is remembered of it.
func (e *executables) open(paths []string) (*os.File, *executable) {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return file, e.find(info)
		}
		file.Close()
	}
	return nil, nil
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
