package nodeipc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

var errNotStarted = errors.New("nodeipc: wait: the child was not started: make it with Start")

// ExitStatus is how a process ended, as Node tells it: by a code or by a signal. The zero value is an exit with code 0.
type ExitStatus struct {
	// Code is the exit code, or -1 when a signal ended the process.
	Code int
	// Signal is what ended the process, or 0 when it exited.
	Signal syscall.Signal
}

// String returns "code 3" or "signal SIGKILL", for example.
func (s ExitStatus) String() string {
	if s.Signal != 0 {
		return "signal " + SignalName(s.Signal)
	}
	return "code " + strconv.Itoa(s.Code)
}

// Success reports whether the process exited with code 0.
func (s ExitStatus) Success() bool { return s == ExitStatus{} }

// A Child is a process that was started with a channel, which is its Channel. Make one with [Start]. The zero value is as a child
// that has ended, except that Wait returns an error.
type Child struct {
	*Channel

	cmd    *exec.Cmd
	trace  tracing.Folder
	exited chan struct{}
	status ExitStatus
	err    error
	reaper sync.WaitGroup
}

// Start starts a command with a channel, as Node's child_process.fork and spawn with stdio 'ipc' do. The command may be a Node
// program or any other that finds its end of the channel by NODE_CHANNEL_FD.
//
// cmd's environment, folder, standard streams, credentials, context and further files are as in os/exec. Start changes cmd.Env
// and cmd.ExtraFiles: the child's end of the channel takes the place of the first nil in cmd.ExtraFiles, or follows the last of
// them. In a process that nodecluster trace runs, the child is a part of the trace.
//
// Start blocks until the process runs. It fails as exec.Cmd.Start does, when the options are not valid, and when the system has
// no descriptors left for a channel. The caller must call [Child.Wait] in the end, which frees what the child holds.
func Start(cmd *exec.Cmd, o Options) (*Child, error) {
	channel, err := prepare(o)
	if err != nil {
		return nil, err
	}
	ours, trace, err := startWithSocket(cmd, channel.options.Serialization)
	if err != nil {
		channel.release()
		return nil, err
	}
	child := &Child{Channel: channel, cmd: cmd, trace: trace, exited: make(chan struct{})}
	if err := child.begin(ours); err != nil {
		socket.Close(ours)
		cmd.Process.Kill()
		cmd.Wait()
		channel.release()
		return nil, err
	}
	return child, nil
}

// begin makes the child known to its loop and to its handler, before anything that it sends is read there.
func (c *Child) begin(fd int) (err error) {
	called := c.loop.Call(func() {
		if err = c.open(fd); err != nil {
			return
		}
		if h, ok := c.handler.(ChildHandler); ok {
			h.HandleStart(c)
		}
		c.watchExit()
	})
	return errors.Join(called, err)
}

// startWithSocket starts the command with one end of a socket pair, and returns the other.
func startWithSocket(cmd *exec.Cmd, s Serialization) (int, tracing.Folder, error) {
	ours, theirs, err := socket.NewPair()
	if err != nil {
		return -1, "", err
	}
	end := os.NewFile(uintptr(theirs), "channel")
	defer end.Close()
	if s == "" {
		s = JSON
	}
	place := slices.Index(cmd.ExtraFiles, nil)
	if place < 0 {
		place = len(cmd.ExtraFiles)
		cmd.ExtraFiles = append(cmd.ExtraFiles, nil)
	}
	cmd.ExtraFiles[place] = end
	cmd.Env = append(cmd.Environ(), channelFDVariable+"="+strconv.Itoa(3+place), serializationVariable+"="+string(s))
	trace, restore := tracing.Redirect(cmd)
	err = cmd.Start()
	restore()
	if err != nil {
		socket.Close(ours)
		return -1, "", fmt.Errorf("nodeipc: start %s: %w", cmd.Path, err)
	}
	return ours, trace, nil
}

// reap waits for the process and takes its exit status. It runs on a goroutine of its own.
func (c *Child) reap() {
	defer c.reaper.Done()
	c.err = c.cmd.Wait()
	c.status = exitStatus(c.cmd.ProcessState)
	c.tellTracer()
	if !c.loop.Post(c.exit) {
		close(c.exited)
	}
}

// tellTracer tells of the exit of a child that is a part of a trace, and waits for the end of its channel: what the child had
// sent before is still on its way through the tracer.
func (c *Child) tellTracer() {
	if c.trace == "" {
		return
	}
	e := tracing.Exit{PID: c.Pid(), Code: c.status.Code}
	if c.status.Signal != 0 {
		e.Signal = SignalName(c.status.Signal)
	}
	c.trace.TellExit(e)
	select {
	case <-c.Done():
	case <-time.After(tracing.Patience):
	}
}

func (c *Child) exit() {
	c.drain()
	if h, ok := c.handler.(ChildHandler); ok {
		h.HandleExit(c.status)
	}
	close(c.exited)
}

func exitStatus(state *os.ProcessState) ExitStatus {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ExitStatus{Code: -1, Signal: ws.Signal()}
	}
	return ExitStatus{Code: state.ExitCode()}
}

// Pid returns the child's process id, 0 for a zero Child.
func (c *Child) Pid() int {
	if c.cmd == nil {
		return 0
	}
	return c.cmd.Process.Pid
}

// Signal sends a signal to the child. It returns os.ErrProcessDone when the child has ended.
func (c *Child) Signal(s os.Signal) error {
	if c.cmd == nil {
		return os.ErrProcessDone
	}
	return c.cmd.Process.Signal(s)
}

// Exited returns a Go channel that is closed when the process has ended and all that it had sent has been handled.
func (c *Child) Exited() <-chan struct{} {
	if c.exited == nil {
		return alwaysDone
	}
	return c.exited
}

// Close ends the channel at once, as [Channel.Close] does, and may be called on the loop too. The process goes on, and Wait still
// has to be called.
func (c *Child) Close() error {
	if c.isZero() {
		return nil
	}
	c.closeNow()
	return nil
}

// Wait waits until the process has ended and its standard streams are copied, then closes the channel if it is still open, and
// returns how the process ended. Messages that came before can still be received. It may be called several times.
//
// The error does not tell how the child ended: it is that of a stream which could not be copied, or of the command's context when
// that ended before a child that exited with code 0. On the channel's loop Wait panics, because it would wait for itself.
func (c *Child) Wait() (ExitStatus, error) {
	if c.cmd == nil {
		return ExitStatus{}, errNotStarted
	}
	if c.loop.IsCurrent() {
		panic("nodeipc: Wait of a child by a function that its channel's loop runs, which it would wait for: call it on another goroutine")
	}
	c.reaper.Wait()
	<-c.exited
	c.loop.Call(func() { c.end(nil) })
	c.release()
	c.closer.Wait()
	if exited := (*exec.ExitError)(nil); errors.As(c.err, &exited) {
		return c.status, nil
	}
	return c.status, c.err
}
