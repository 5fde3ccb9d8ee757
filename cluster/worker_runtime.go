package cluster

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// Runtime is what runs a worker's program. The primary has to know, because not every runtime takes a listening socket.
type Runtime string

const (
	// RuntimeNode is Node.
	RuntimeNode Runtime = "node"
	// RuntimeDeno is Deno. It would ignore a listening socket, so that it gets connections only.
	RuntimeDeno Runtime = "deno"
	// RuntimeBun is Bun. With a listening socket it would lose the connections that the primary hands out, so that it gets
	// connections only.
	RuntimeBun Runtime = "bun"
	// RuntimeGo is a program in Go.
	RuntimeGo Runtime = "go"
)

func runtimes() []Runtime { return []Runtime{RuntimeNode, RuntimeDeno, RuntimeBun, RuntimeGo} }

// check returns an error for a runtime that is not known.
func (r Runtime) check() error {
	if r != "" && !slices.Contains(runtimes(), r) {
		return fmt.Errorf("cluster: runtime %q is not known; use %s, or nothing to have it found out", r, quoted(runtimes()))
	}
	return nil
}

// takesSocket reports whether a worker takes connections both from a listening socket of its own and from the primary. One of another
// runtime is treated as Node.
func (r Runtime) takesSocket() bool { return r != RuntimeDeno && r != RuntimeBun }

// Runtime returns what the worker runs on, as its settings say. If they do not, the primary finds out from the executable that the
// worker's process runs, whatever its name, and for Bun from the worker's messages. It is empty until that is done, which is before
// the primary opens anything for the worker to listen on. For a program of another kind it stays empty, and the worker gets what a Node
// worker gets.
func (w *Worker) Runtime() Runtime {
	if r := w.runtime.Load(); r != nil {
		return *r
	}
	return ""
}

// identification is the state of finding out a worker's runtime.
type identification struct {
	running   bool
	version   int       // Node's major version; 0 before it was looked for
	questions questions // that are answered afterwards
}

// isIdentified reports whether the worker's runtime was found out, or cannot be.
func (w *Worker) isIdentified() bool { return w.runtime.Load() != nil }

// keepQuestion keeps a question until the worker's runtime is known, on which the answer may depend.
func (w *Worker) keepQuestion(m *wire.FromWorker) {
	w.onLoop.identification.questions.keep(w, m, "it can be answered")
}

// identify begins to find out the worker's runtime, unless that was begun before. It has to wait for the first message of the worker:
// its process may have begun as a script that then became the runtime.
func (w *Worker) identify() {
	switch {
	case w.onLoop.identification.running || w.isIdentified():
		return
	case w.onLoop.channel.PeerIsBun():
		w.identified(RuntimeBun)
		return
	}
	w.onLoop.identification.running = true
	p := w.primary
	p.goUnlessClosed(func() {
		r := p.executables.runtime(w.executables()...)
		p.loop.Post(func() { w.identified(r) })
	})
}

// identified sets the runtime, and answers the questions that have waited for it.
func (w *Worker) identified(r Runtime) {
	w.runtime.Store(&r)
	w.answerQuestions()
}

// answerQuestions answers what was kept until now.
func (w *Worker) answerQuestions() {
	f := &w.onLoop.identification
	waiting := f.questions.take()
	*f = identification{version: f.version}
	for _, m := range waiting {
		w.answerOrKeep(m)
	}
}

// answerOrKeep answers a question, unless something about the worker has to be found out before.
func (w *Worker) answerOrKeep(m *wire.FromWorker) {
	w.identify()
	switch _, isAbstract := m.Server.AbstractName(); {
	case !w.isIdentified():
		w.keepQuestion(m)
	case isAbstract && w.Runtime() == RuntimeNode && w.onLoop.identification.version == 0:
		w.identifyVersion()
		w.keepQuestion(m)
	default:
		w.answerQuery(m)
	}
}

// identifyVersion begins to find out the version of Node, unless that was begun before. Only an abstract name needs it.
func (w *Worker) identifyVersion() {
	if w.onLoop.identification.running {
		return
	}
	w.onLoop.identification.running = true
	p := w.primary
	p.goUnlessClosed(func() {
		version := p.executables.nodeVersion(w.executables()...)
		p.loop.Post(func() {
			w.onLoop.identification.version = version
			w.answerQuestions()
		})
	})
}

// executables are the paths of what the worker runs, the best first.
func (w *Worker) executables() []string {
	return []string{fmt.Sprintf("/proc/%d/exe", w.Pid()), w.path}
}

// maxAbstractName is how long an abstract name can be, with the NUL before it.
const maxAbstractName = 108

// ownAbstractName returns what the worker's own Node makes of an abstract name when it listens, and when it connects. Node 20 fills it up
// with NULs, and those before have nothing but NULs.
func (w *Worker) ownAbstractName(name string) string {
	version := w.onLoop.identification.version
	if version <= 0 || version >= 22 || len(name) > maxAbstractName {
		return name
	}
	if version < 20 {
		name = ""
	}
	return name + strings.Repeat("\x00", maxAbstractName-len(name))
}

// executablePath returns the path of the file that a command runs, for this process.
func executablePath(cmd *exec.Cmd) string {
	if filepath.IsAbs(cmd.Path) {
		return cmd.Path
	}
	return filepath.Join(cmd.Dir, cmd.Path)
}
