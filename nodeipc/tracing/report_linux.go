package tracing

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Abstract is the address, in Go's notation, where the trace of root listens for processes that have given up root's rights.
func (f Folder) Abstract() string { return "@" + f.Path(Socket) }

// checkTracer expects that the one who listens is the user whose folder it is: an abstract name is free once the tracer has ended,
// and anybody may take it then.
func (f Folder) checkTracer(c *net.UnixConn) error {
	info, err := os.Stat(string(f))
	if err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var listener *unix.Ucred
	controlErr := raw.Control(func(fd uintptr) { listener, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(controlErr, err); err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; listener.Uid != owner {
		return fmt.Errorf("uid %d has its address, and the folder is of uid %d", listener.Uid, owner)
	}
	return nil
}
