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

// ExitStatus is how a process ended, as Node tells it: by a code or by a signal.
type ExitStatus struct {
	// Code is the exit code, -1 when a signal ended the process.
	Code int
	// Signal is what ended the process, 0 when it exited.
	Signal syscall.Signal
}

// String is "code 3" or "signal SIGKILL".
func (s ExitStatus) String() string {
	if s.Signal != 0 {
		return "signal " + SignalName(s.Signal)
	}
	return "code " + strconv.Itoa(s.Code)
}

// Success reports whether the process exited with code 0.
func (s ExitStatus) Success() bool { return s == ExitStatus{} }

// A Child is a process that was started with a channel. The channel is its Channel's. Make one with [Start]; the zero value is as
// a child that has ended, of which Wait says that it was never started.
type Child struct {
	*Channel

	cmd    *exec.Cmd
	trace  tracing.Folder
	exited chan struct{}
	status ExitStatus
	err    error
	reaper sync.WaitGroup
}

// Start starts a command, a Node program or any other, with a channel: cmd's environment, folder, standard
// streams, credentials, context and further files are as os/exec has them, and are inherited, discarded or
// piped as there. The child finds its end of the channel by NODE_CHANNEL_FD. It is in the place of the first nil in
// cmd.ExtraFiles, as that of 'ipc' in Node's option stdio, or after the last of them: 3 if there are none. cmd.Env and
// cmd.ExtraFiles are changed. In a process that nodecluster trace runs, the child is a part of the trace.
//
// It fails as exec.Cmd.Start does, and where there is no room for a channel. It blocks until the process runs. The caller must
// call [Child.Wait].
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
		closePidFD(cmd)
		channel.release()
		return nil, err
	}
	return child, nil
}

// begin makes the child known to its loop and to its handler, before anything of it can be heard there.
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
	preparePidFD(cmd)
	trace, restore := tracing.Redirect(cmd)
	err = cmd.Start()
	restore()
	if err != nil {
		socket.Close(ours)
		return -1, "", fmt.Errorf("nodeipc: start %s: %w", cmd.Path, err)
	}
	return ours, trace, nil
}

// reap takes the exit status. Whoever calls it knows that the process has ended, or may wait for that.
func (c *Child) reap() {
	defer c.reaper.Done()
	c.err = c.cmd.Wait()
	c.status = exitStatus(c.cmd.ProcessState)
	c.tellTracer()
	if !c.loop.Post(c.exit) {
		close(c.exited)
	}
}

// tellTracer tells of the exit of a child that is a part of a trace, and waits for the end of its channel: what it had sent before
// is still on its way through the tracer.
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

// Pid is the child's process id, 0 for a Child that [Start] has not made.
func (c *Child) Pid() int {
	if c.cmd == nil {
		return 0
	}
	return c.cmd.Process.Pid
}

// Signal sends a signal to the child. It returns os.ErrProcessDone when it has ended.
func (c *Child) Signal(s os.Signal) error {
	if c.cmd == nil {
		return os.ErrProcessDone
	}
	return c.cmd.Process.Signal(s)
}

// Exited is closed when the process has ended and all that it had sent has been handled.
func (c *Child) Exited() <-chan struct{} {
	if c.exited == nil {
		return alwaysDone
	}
	return c.exited
}

// Close ends the channel at once, as [Channel.Close], but the child still has to be waited for. It may be called on the loop.
func (c *Child) Close() error {
	if c.isZero() {
		return nil
	}
	c.closeNow()
	return nil
}

// Wait waits for the end of the process and of the copying of its standard streams, then closes the channel if it
// is still open; messages that came before can still be received. The error is not about how the child ended,
// which the status says, but says that a stream could not be copied, or that the command's context ended before a
// child that then exited with code 0. On the channel's loop it panics, because it would wait for itself.
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
	if exited := (*exec.ExitError)(nil); errors.As(c.err, &exited) {
		return c.status, nil
	}
	return c.status, c.err
}
