package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// Taking says what becomes of a message: see [Settings.OnMessage].
type Taking uint8

const (
	PassMessage     Taking = iota // it is a [MessageEvent]
	TakeMessage                   // it was taken, and nobody else hears of it
	PostponeMessage               // it is a [PostponedEvent]
)

// Settings are what cluster.setupPrimary takes in Node, and what child_process.fork takes for a worker. The zero
// value of a field is Node's default.
//
// The fields have three lifetimes. SchedulingPolicy, StickyKey, NewBalancer, OnMessage, Serialization, NoBatch and NoSteal are read
// once, by [NewPrimary]: [Primary.Setup] and [Primary.ForkWith] do not change them. HoldListeners, HoldWhenLeaving, ListenFDs, LagPeriod and
// MaxLag are the primary's too, and the last Setup counts. All other fields are a worker's, and are read when it is forked.
type Settings struct {
	// SchedulingPolicy says who hands out connections, and to whom. It is read once. By default NODE_CLUSTER_SCHED_POLICY decides.
	SchedulingPolicy SchedulingPolicy
	// StickyKey says by what a client is known under SchedSticky, which is the default with it. It is read once. Without it that is
	// the client's address.
	StickyKey StickyKey
	// NewBalancer makes a Balancer for each listening socket whose connections the primary hands out. If it is nil, or returns
	// nil, they are handed out as SchedRR says. It is read once. Its argument is the address that the socket's workers listen
	// on, as their ListeningEvents have it, with the port that the system chose for port 0. It is called on the primary's loop, and
	// may do what a Balancer may.
	NewBalancer func(Address) Balancer
	// OnMessage, if it is not nil, is called with each message of a worker that has no handle, before anybody else hears of it, and says what
	// becomes of the message. It is called on the primary's loop, so that what it does costs no switch to another goroutine, and must not
	// block. It may call [Worker.Tell] and whatever a Balancer may. It is read once.
	OnMessage func(*Worker, nodeipc.Message) Taking
	// Serialization is that of the channels between primary and workers. It is read once.
	Serialization nodeipc.Serialization

	// HoldListeners keeps a listening socket open when its last worker has ended by accident, so that connections wait in the
	// socket's queue for its successor: the next worker that is forked with the same ExecPath, Exec and Args. Node closes it,
	// and they are refused. The socket is closed after all when the successors of all workers that had it have not asked for
	// it, a second after they have listened on something else, or 10 seconds after they have come online; when it is in the way
	// of another server, or of a fork for which no descriptor is left; and by [Worker.ReleaseListeners]. Of the sockets of one
	// worker 64 are held at most.
	HoldListeners bool
	// HoldWhenLeaving does that too when the last worker leaves by itself, or is asked to, and has ended within 10 seconds. It is
	// for primaries that replace these workers as well. A worker that closes a server and goes on cannot be told from one that is
	// about to leave: what it has closed is refused a second later. It needs HoldListeners.
	HoldWhenLeaving bool
	// ListenFDs are sockets of the primary's that workers may listen on: what systemd has opened for the program, for example. They have to
	// be bound, and without a peer. A worker gets one by its number, as by server.listen({fd}), and when it asks for the address to which
	// the socket is bound, so that a program that knows nothing of it can listen on its port. The unspecified addresses :: and 0.0.0.0 are
	// then one as far as they have addresses in common, but for UDP, and a Unix socket's path has to lead to the socket still.
	//
	// The descriptors stay the caller's, and open. When the last worker has closed its server, clients wait in the socket's queue until
	// another worker listens, or a later program does to which the descriptor was passed on. While one server has a socket by its address,
	// others that ask for the address get EADDRINUSE.
	//
	// Sockets that the program was started with may be listened on by number without being among them. For any other descriptor a worker
	// gets EINVAL. There are no groups of such sockets under SchedReusePort and SchedSticky: the primary hands out the connections, and workers
	// share a socket of UDP. An [ErrorEvent] says so, once.
	ListenFDs []int
	// LagPeriod is how often the lag of each worker is measured, for [Worker.Lag] and [Worker.BlockedFor]. By default it is not, so that
	// nothing wakes an idle worker. Every 10 seconds costs the primary 0.04 % of a CPU for 100 workers, and every second 0.4 %. Less than
	// 10 ms is 10 ms.
	LagPeriod time.Duration
	// MaxLag is for how long a worker's event loop may stand still. One that has not moved for longer is blocked, and a [BlockedEvent]
	// says so, unless what has kept it may have kept the primary too. It has the lag measured every MaxLag at least, and every 10 seconds.
	// A worker that blocks just after it was measured is found out that much later. Less than 10 ms is 10 ms. By default no worker is
	// taken for blocked.
	MaxLag time.Duration

	// NoBatch leaves the primary's thread in the system's ordinary scheduling policy. By default, under SchedRR, SchedLeast and a
	// StickyKey on Linux, it is in SCHED_BATCH: there it does not preempt the workers whose answers wake it, and does more at once. It is read once.
	NoBatch bool
	// NoSteal leaves connections under SchedReusePort where the kernel has put them. By default the primary takes them from a worker that
	// has not come to accept them for two milliseconds, for one that has nothing to do. It is read once.
	NoSteal bool

	// Exec is the worker's script. It may be empty when ExecPath is a worker by itself.
	Exec string
	// Args follow the script on the command line.
	Args []string
	// ExecPath is the program that runs the script; "node" as PATH has it by default.
	ExecPath string
	// Runtime is what the worker runs on. If it is empty, the primary finds out: see [Worker.Runtime]. It is for a program of which
	// the primary does not find out, or finds out the wrong thing.
	Runtime Runtime
	// ExecArgv are the program's own arguments, before the script. When they or the worker's NODE_OPTIONS ask for the inspector,
	// each worker gets a port of its own: see DebugPort.
	ExecArgv []string
	// Cwd is the worker's working directory; the primary's by default.
	Cwd string
	// Environ are the variables as "K=V" that Env is on top of; the primary's own by default, which nil stands for.
	Environ []string
	// Env are variables as "K=V" on top of those.
	Env []string
	// Standby has the worker wait, loaded, until [Worker.Activate] or [Primary.Switch]. Its servers listen, as far as the program can tell,
	// and come with a ListeningEvent, but they get no connections and no datagrams. [Worker.Dial] reaches them, so that they can be
	// checked. What is sent to an address on which no other worker listens waits. Under SchedSticky a worker of [Primary.ForkSuccessor]
	// keeps the place that it is to take.
	//
	// A server that is to accept from a socket that all workers share does not listen yet: its program waits in listen, with a
	// ListenPendingEvent. That is so for all servers under SchedNone, for Unix sockets under SchedReusePort, and for UDP but under
	// SchedReusePort and SchedSticky.
	//
	// Standby is for a worker that is to begin instead of others, and StartSuspended for one that is not ready. So they differ in what the
	// worker is meanwhile. On standby it has no part in its servers: no Target that a [Balancer] knows, no clients of its own under
	// SchedSticky, no datagrams, nothing of a shared socket. That ends once, and for several workers in one moment. A worker that is
	// suspended has its part: its clients come back to it, datagrams go on, and it accepts from shared sockets, where the error of
	// SuspendConnections says so. That may begin and end at any time. A worker that is both gets connections once both have ended.
	Standby bool
	// Silent gives the worker pipes for its standard streams: Worker.Stdin, Stdout and Stderr.
	Silent bool
	// Stdin, Stdout and Stderr are the worker's streams, as os/exec has them, unless it is Silent. For nil it inherits
	// the primary's. All workers share a reader or writer that is no file: its methods must be safe to call from several
	// goroutines.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// ExtraFiles are further open files of the worker, from descriptor 3 on, as os/exec has them. The channel takes the
	// place of the first nil, as 'ipc' in Node's stdio does, or the one after the last. They stay the caller's.
	ExtraFiles []*os.File
	// UID and GID are the user and the group that the worker runs as, if not nil. With UID alone it keeps the primary's group.
	UID, GID *uint32
	// MinPort is the lowest port that the worker may listen on, but for port 0 and for descriptors, those of ListenFDs by their address too.
	// For a lower one it gets EACCES. Since the primary opens the ports, a worker of another user may otherwise listen on what that user may
	// not. 1024 is what Linux has for all users but root, by default, as net.ipv4.ip_unprivileged_port_start.
	MinPort int
	// SysProcAttr is what the worker is started with, on top of which UID and GID come. With Pdeathsig, the
	// worker does not outlive the primary's process, whatever ends that.
	SysProcAttr *syscall.SysProcAttr
	// MaxMessageSize is how many bytes a message to or from the worker may have, as [nodeipc.Options] has it: 64 MiB by default. A
	// worker that sends a longer one loses its channel, and a Node worker then exits. Node sets no limit.
	MaxMessageSize int
	// StartSuspended has the worker get no connections until [Worker.ResumeConnections] is called, as [Worker.SuspendConnections] says it.
	// It is for a worker that is to be checked first. One that is to wait until it takes over from others begins on Standby, which says how
	// the two differ.
	StartSuspended bool
	// StopMethod is how [Worker.Shutdown] asks the worker to end; [StopDisconnect] by default.
	StopMethod StopMethod
	// StopSignal is what Worker.Shutdown sends a worker that does not end by itself, or, with [StopBySignal], at once. 0 is SIGTERM.
	StopSignal syscall.Signal
	// InspectPort returns the worker's inspector port. By default the ports count up from the one after DebugPort, and after
	// 65535 from 1024. If it returns what is no port, the fork fails with an *InspectPortError.
	InspectPort func() int
	// DebugPort is process.debugPort of the primary in Node: the port of its own inspector. By default it is what it would be in a
	// primary that Node has started with ExecArgv and NODE_OPTIONS: the port that the last of them gives, or 9229. Where they ask for
	// any port (--inspect=0), each worker gets any; workers of Node get those after the primary's.
	DebugPort int
}

// check refuses what no worker could be forked with.
func (s *Settings) check() error {
	switch s.Serialization {
	case "", nodeipc.JSON, nodeipc.Advanced:
	default:
		return fmt.Errorf("cluster: serialization %q is not known; use %q or %q", s.Serialization, nodeipc.JSON, nodeipc.Advanced)
	}
	return errors.Join(s.Runtime.check(), s.StopMethod.check())
}

// outputDelay is how long a worker's output is copied after its end, when something that it left running has the other end.
const outputDelay = time.Second

// command makes the command that runs a worker.
func (s *Settings) command(id int, env []string, nextInspectPort func(debugPort int) int) (*exec.Cmd, error) {
	path := s.ExecPath
	if path == "" {
		path = "node"
	}
	if s.Exec == "" && s.ExecPath == "" {
		return nil, errors.New("cluster: nothing to run: set Exec to a script, or ExecPath to a program")
	}
	base := s.Environ
	if base == nil {
		base = os.Environ()
	}
	environ := slices.Concat(base, s.Env, env, []string{"NODE_UNIQUE_ID=" + strconv.Itoa(id)})
	inspector, err := s.inspectorArgs(environ, nextInspectPort)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(s.ExecArgv), inspector...)
	if hasPrefix(args, "--prof") && !hasPrefix(args, "--logfile=") {
		// Workers that profile into one file would overwrite each other's.
		args = append(args, "--logfile=v8-%p.log")
	}
	if s.Exec != "" {
		args = append(args, s.Exec)
	}
	cmd := exec.Command(path, append(args, s.Args...)...)
	cmd.Dir = s.Cwd
	cmd.Env = environ
	cmd.SysProcAttr = s.sysProcAttr()
	cmd.ExtraFiles = slices.Clone(s.ExtraFiles)
	cmd.WaitDelay = outputDelay
	return cmd, nil
}

// program is the same for a worker and its successor.
func (s *Settings) program() string {
	return strings.Join(append([]string{s.ExecPath, s.Exec}, s.Args...), "\x00")
}

func (s *Settings) sysProcAttr() *syscall.SysProcAttr {
	var attr syscall.SysProcAttr
	if s.SysProcAttr != nil {
		attr = *s.SysProcAttr
	}
	setCredential(&attr, s.UID, s.GID)
	return &attr
}
