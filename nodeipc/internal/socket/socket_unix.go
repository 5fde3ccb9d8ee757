//go:build unix

package socket

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxHandlesPerRead is how many descriptors one message can carry on Linux, the most of any system here.
const maxHandlesPerRead = 253

// Buffer is what one read fills. Channels share a few of them, since none keeps one between reads.
type Buffer struct {
	Bytes   [256 << 10]byte // more than a socket holds by default
	FDs     []int
	control []byte
	header  receiveHeader
}

var buffers = sync.Pool{New: func() any {
	return &Buffer{control: make([]byte, unix.CmsgSpace(maxHandlesPerRead*4))}
}}

// Receive reads what is there into room, or into r.Bytes if room is empty. n is 0 at the end of the stream, and again reports
// that there was nothing to read. The descriptors that came with it are in r.FDs, close-on-exec, and belong to the caller. One
// that this process had no room for is missing there.
func (r *Buffer) Receive(fd int, room []byte) (n int, again bool, err error) {
	r.FDs = r.FDs[:0]
	if len(room) == 0 {
		room = r.Bytes[:]
	}
	var control int
	for {
		n, control, err = r.recvmsg(fd, room)
		if err != unix.EINTR {
			break
		}
	}
	switch err {
	case nil:
	case unix.EAGAIN:
		return 0, true, nil
	case unix.ECONNRESET:
		return 0, false, nil
	default:
		return 0, false, fmt.Errorf("nodeipc: recvmsg: %w", err)
	}
	if control > 0 {
		r.FDs = appendRights(r.FDs, r.control[:control])
		if !receivesCloseOnExec {
			CloseOnExec(r.FDs...)
		}
	}
	return n, false, nil
}

func appendRights(fds []int, control []byte) []int {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return fds
	}
	for i := range messages {
		if rights, err := unix.ParseUnixRights(&messages[i]); err == nil {
			fds = append(fds, rights...)
		}
	}
	return fds
}

// Transmit writes b, with a copy of handle beside its first byte unless handle is negative. It returns how many bytes were
// written, and ErrWouldBlock where none fits.
func Transmit(fd int, b []byte, handle int) (int, error) {
	var control []byte
	var space [controlSpace]byte
	if handle >= 0 {
		control = space[:putRights(space[:], handle)]
	}
	for {
		n, err := unix.SendmsgN(fd, b, control, nil, sendFlags)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, ErrWouldBlock
		case unix.ETOOMANYREFS, unix.ENOBUFS, unix.ENOMEM:
			return 0, ErrTooManyHandles
		case unix.EPIPE, unix.ECONNRESET:
			return 0, ErrDisconnected
		default:
			return 0, fmt.Errorf("nodeipc: sendmsg: %w", err)
		}
	}
}

// Close closes a descriptor.
func Close(fd int) { unix.Close(fd) }

// CloseOnExec keeps descriptors from programs that this process starts.
func CloseOnExec(fds ...int) {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
}

// SetNonblock has reads and writes return at once.
func SetNonblock(fd int) error { return unix.SetNonblock(fd, true) }

// Check returns why fd cannot be a channel, or nil.
func Check(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == nil && kind != unix.SOCK_STREAM {
		err = errors.New("not a stream socket")
	}
	if err != nil {
		return fmt.Errorf("nodeipc: file descriptor %d is not a channel: %w", fd, err)
	}
	return nil
}

// sendBuffer is how many bytes may be under way on a channel: several messages of 64 KiB, where Linux has room for two or three
// by default, so that two busy ends seldom wait for each other. The system may give less.
const sendBuffer = 256 << 10

// NewPair makes the two ends of a channel, both close-on-exec.
func NewPair() (ours, theirs int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("nodeipc: socketpair: %w", err)
	}
	for _, fd := range pair {
		unix.CloseOnExec(fd)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
	return pair[0], pair[1], nil
}
