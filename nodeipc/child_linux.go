package nodeipc

import (
	"os/exec"
	"syscall"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"golang.org/x/sys/unix"
)

// preparePidFD asks for a descriptor that becomes readable at the child's end, so that no thread has to wait for each child.
func preparePidFD(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if cmd.SysProcAttr.PidFD == nil {
		cmd.SysProcAttr.PidFD = new(int)
	}
	*cmd.SysProcAttr.PidFD = -1
}

// closePidFD closes the descriptor of a child that is not watched.
func closePidFD(cmd *exec.Cmd) {
	if fd := *cmd.SysProcAttr.PidFD; fd >= 0 {
		unix.Close(fd)
	}
}

// pidWatch owns a child's pidfd.
type pidWatch struct {
	fd    int
	child *Child
}

// Ready is called by the loop at the end of the process.
func (w *pidWatch) Ready(eventloop.Events) {
	w.child.loop.Remove(w.fd)
	unix.Close(w.fd)
	go w.child.reap()
}

// watchExit has the loop watch for the child's end. Where the kernel has no pidfd a goroutine waits.
func (c *Child) watchExit() {
	c.reaper.Add(1)
	w := &pidWatch{fd: *c.cmd.SysProcAttr.PidFD, child: c}
	if w.fd >= 0 {
		if c.loop.Add(w.fd, eventloop.Readable, w) == nil {
			return
		}
		unix.Close(w.fd)
	}
	go c.reap()
}
