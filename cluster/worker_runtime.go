package cluster

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Runtime is what runs a worker's program. What a worker can be given differs between runtimes.
type Runtime string

const (
	// RuntimeNode is Node.
	RuntimeNode Runtime = "node"
	// RuntimeDeno is Deno. It gets connections from the primary and never a listening socket, which it would ignore.
	RuntimeDeno Runtime = "deno"
	// RuntimeBun is Bun. It gets connections from the primary and never a listening socket, beside which it would lose the
	// connections that the primary hands out.
	RuntimeBun Runtime = "bun"
	// RuntimeGo is a program in Go.
	RuntimeGo Runtime = "go"
)

func runtimes() []Runtime { return []Runtime{RuntimeNode, RuntimeDeno, RuntimeBun, RuntimeGo} }

// check refuses a runtime that nothing is known of.
func (r Runtime) check() error {
	if r != "" && !slices.Contains(runtimes(), r) {
		return fmt.Errorf("cluster: runtime %q is not known; use %s, or nothing to have it found out", r, quoted(runtimes()))
	}
	return nil
}

// takesSocket reports whether a worker takes connections both from a listening socket of its own and from the primary.
func (r Runtime) takesSocket() bool { return r != RuntimeDeno && r != RuntimeBun }

// Runtime is what the worker runs on: what its settings say, or else what its messages and the executable of its process show.
// It is empty until that is known, which it is before the first [ListeningEvent] of a worker that asks the primary for a socket.
// It stays empty for a program that is none of these, which is given what Node is given.
func (w *Worker) Runtime() Runtime {
	if r := w.runtime.Load(); r != nil {
		return *r
	}
	return ""
}

// identification is how a worker's runtime is found out. It is the loop's.
type identification struct {
	running   bool
	questions []*wire.FromWorker // those that wait for it
	size      int                // of the questions
}

// maxQuestions is how many bytes of questions wait, of which each costs questionCost beside its own.
const (
	maxQuestions = 1 << 20
	questionCost = 512
)

// isIdentified reports whether all is known of the worker's runtime that can be.
func (w *Worker) isIdentified() bool { return w.runtime.Load() != nil }

// keepQuestion keeps what a worker asks until its runtime is known, which may decide on the answer.
func (w *Worker) keepQuestion(m *wire.FromWorker) {
	f := &w.onLoop.identification
	f.size += m.Server.Size() + questionCost
	if f.size > maxQuestions {
		w.fail(fmt.Errorf("%w: it asks for servers in more than %d bytes before it can be answered", nodeipc.ErrProtocol, maxQuestions))
		return
	}
	f.questions = append(f.questions, m)
}

// identify has the worker's runtime found out, unless that is known or under way. It is for the first word of the worker: what
// its process was started as may be a script that has become the runtime by then.
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
	p.forking.Go(func() {
		r := p.executables.runtime(fmt.Sprintf("/proc/%d/exe", w.Pid()), w.path)
		p.loop.Post(func() { w.identified(r) })
	})
}

// identified answers what has waited for the runtime.
func (w *Worker) identified(r Runtime) {
	w.runtime.Store(&r)
	questions := w.onLoop.identification.questions
	w.onLoop.identification = identification{}
	for _, m := range questions {
		w.answerQuery(m)
	}
}

// executablePath is the file that a command runs, as this process finds it.
func executablePath(cmd *exec.Cmd) string {
	if filepath.IsAbs(cmd.Path) {
		return cmd.Path
	}
	return filepath.Join(cmd.Dir, cmd.Path)
}
