package egg

import (
	"io"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Settings are how a master runs an application, beside the [Options] that the application knows of. The zero value is as Egg's own master does it,
// but for what the package's documentation says.
type Settings struct {
	// Node is the program that runs the agent and the app workers; "node" as PATH has it by default.
	Node string
	// ExecArgv are Node's arguments before the script.
	ExecArgv []string
	// AgentNode is the program that runs the agent; Node by default.
	AgentNode string
	// Mixed are workers under other programs behind the same ports; none by default.
	Mixed []Mixed
	// Env are variables as "K=V" on top of the environment.
	Env []string
	// Parent is the channel to the process that has started this one, as nodeipc.Parent opens it; nil if there is none. It stays the caller's, and
	// nobody else may receive from it.
	Parent *nodeipc.Channel
	// Stdin, Stdout and Stderr are the streams of agent and app workers, as os/exec has them, but for nil, which is this process's. They must be
	// files or safe to call from several goroutines.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Outputs gives each process an output of its own, in place of Stdout and Stderr. It is called before each start with the number of an app
	// worker's place, or [AgentPlace], and must not block. Its error fails the start.
	Outputs func(place int) (Output, error)
	// Log and ErrorLog take the master's own lines; Stdout and Stderr by default. A writer that blocks delays nobody.
	Log, ErrorLog io.Writer
	// SysProcAttr is what agent and app workers are started with.
	SysProcAttr *syscall.SysProcAttr
	// SchedulingPolicy says who gets a connection without sticky; NODE_CLUSTER_SCHED_POLICY decides by default.
	SchedulingPolicy cluster.SchedulingPolicy
	// StickyKey says by what a client is known in sticky mode: by its address by default, or by the first bytes of its connection. It needs Egg's
	// option sticky.
	StickyKey cluster.StickyKey
	// NoDrain has app workers that are to end be signalled at once, so that the requests that they have are cut off.
	NoDrain bool
	// LagPeriod is how often the lag of the app workers' event loops is measured, as [cluster.Settings] has it; by default it is not.
	LagPeriod time.Duration
	// Observe is told what happens to the agent and the app workers, one event after the other, in order. It must not block, and must not call the
	// master. nil is for nobody.
	Observe func(Event)
	// KeepTrying has the master go on in production when it has been without an agent or without an app worker for half a minute. By default it ends
	// with exit code 1 then.
	KeepTrying bool
}

// AgentPlace stands for the agent where app workers have the numbers of their places, which begin with 0.
const AgentPlace = -1

// An Output takes what one process prints: see [Settings.Outputs].
type Output interface {
	// Streams are its standard output and standard error, as Stdout and Stderr of [Settings] have them. It is called once, before the process is
	// started.
	Streams() (stdout, stderr io.Writer)
	// Started is called once the process has been started, with the id of an app worker in Node's cluster, or 0 for an agent: files among the
	// streams may be closed then. Failed is called instead if it could not be started.
	Started(id int)
	Failed()
}
