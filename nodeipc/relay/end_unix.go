//go:build unix

package relay

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"golang.org/x/sys/unix"
)

const (
	// tooManyHandlesPause is how long to wait when the system takes no descriptor for now.
	tooManyHandlesPause = 10 * time.Millisecond
	// Nothing tells when a peer has read, so one has to look, less and less often.
	minUnreadPause = 20 * time.Microsecond
	maxUnreadPause = 2 * time.Millisecond
)

// end is the relay's socket to one of the two processes.
type end struct {
	file *os.File
	raw  syscall.RawConn
}

func newEnd(fd int) (*end, error) {
	socket.CloseOnExec(fd)
	if err := socket.SetNonblock(fd); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "channel")
	raw, err := file.SyscallConn()
	return &end{file, raw}, err
}

// receive waits until there is something to read; n is 0 at the end.
func (e *end) receive(b *socket.Buffer) (n int, err error) {
	waitErr := e.raw.Read(func(fd uintptr) bool {
		var again bool
		n, again, err = b.Receive(int(fd), nil)
		return !again
	})
	if waitErr != nil {
		return 0, nodeipc.ErrDisconnected // it was closed
	}
	return n, err
}

// send writes all of b, with copies of the descriptors beside its first byte.
func (e *end) send(b []byte, fds []int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for len(b) > 0 {
		n, err := e.sendSome(b, rights)
		switch {
		case err == nil:
			b, rights = b[n:], nil
		case errors.Is(err, nodeipc.ErrTooManyHandles), errors.Is(err, socket.ErrNoRoom):
			time.Sleep(tooManyHandlesPause)
		default:
			return err
		}
	}
	return nil
}

// sendSome writes some of b once there is room.
func (e *end) sendSome(b, rights []byte) (n int, err error) {
	waitErr := e.raw.Write(func(fd uintptr) bool {
		n, err = socket.TransmitRights(int(fd), b, rights)
		return !errors.Is(err, nodeipc.ErrWouldBlock)
	})
	if waitErr != nil {
		return 0, nodeipc.ErrDisconnected // it was closed
	}
	return n, err
}

// awaitRead waits until the peer has read all that was written, or the relay is ended.
func (e *end) awaitRead(ended *atomic.Bool) error {
	for pause := minUnreadPause; ; pause = min(2*pause, maxUnreadPause) {
		var unread int
		if err := e.raw.Control(func(fd uintptr) { unread = socket.Unread(int(fd)) }); err != nil {
			return nodeipc.ErrDisconnected
		}
		if ended.Load() {
			return nil
		}
		time.Sleep(pause)
		if unread == 0 {
			// The peer may still be in the read that took the last of it, which would take what comes next too.
			return nil
		}
	}
}

// isClosed says, after the end of what it sent, whether the peer is gone altogether, and will not read any more.
func (e *end) isClosed() (gone bool) {
	err := e.raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		gone = err != nil || n > 0 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	})
	return gone || err != nil
}

// shutdown ends one way of the socket, and so the peer's use of it.
func (e *end) shutdown(how int) {
	e.raw.Control(func(fd uintptr) { unix.Shutdown(int(fd), how) })
}
