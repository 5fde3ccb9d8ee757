//go:build !portable

package nodeipc

import (
	"os"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"golang.org/x/sys/unix"
)

// pidWatch owns a descriptor of a child's process, which becomes readable at its end.
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

// watchExit has the loop watch for the child's end, so that no thread has to wait for each child. Where the system gives no
// descriptor of a process, a goroutine waits.
func (c *Child) watchExit() {
	c.reaper.Add(1)
	if w := (&pidWatch{pidFD(c.cmd.Process), c}); w.fd >= 0 {
		if c.loop.Add(w.fd, eventloop.Readable, w) == nil {
			return
		}
		unix.Close(w.fd)
	}
	go c.reap()
}

// pidFD returns a descriptor of a process, or -1. Package os finds out, once, whether the system starts a process with one: older
// kernels, qemu and some profiles of seccomp do not. Without it, signals go to the process id while the process is not reaped.
func pidFD(p *os.Process) int {
	fd := -1
	p.WithHandle(func(handle uintptr) {
		if own, err := unix.FcntlInt(handle, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			fd = own
		}
	})
	return fd
}
