//go:build unix

package socket

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxHandlesPerRead is at least as many descriptors as one message can carry: 253 on Linux, 509 on macOS. Those that there is no
// room for would stay open in this process on macOS, where nobody knows of them.
const maxHandlesPerRead = 512

// Buffer is what one read fills. Channels share a few of them, since none keeps one between reads.
type Buffer struct {
	Bytes   []byte
	FDs     []int
	control []byte
	header  receiveHeader
}

const readSize = 256 << 10 // more than a socket holds by default

// The bytes are a slice because an array in a composite literal is zeroed twice, and is looked for pointers with the rest.
var buffers = sync.Pool{New: func() any {
	return &Buffer{Bytes: make([]byte, readSize), control: make([]byte, unix.CmsgSpace(maxHandlesPerRead*4))}
}}

// Receive reads what is there into room, or into r.Bytes if room is empty. n is 0 at the end of the stream, and again reports
// that there was nothing to read. The descriptors that came with it are in r.FDs, close-on-exec, and belong to the caller. One
// that this process had no room for is missing there.
func (r *Buffer) Receive(fd int, room []byte) (n int, again bool, err error) {
	r.FDs = r.FDs[:0]
	if len(room) == 0 {
		room = r.Bytes
	}
	if !receivesCloseOnExec {
		// No process may be forked before its descriptors are close-on-exec.
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	n, control, err := r.recvmsgAgain(fd, room)
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

// recvmsgAgain is recvmsg once more where a signal has interrupted it, or where macOS has thrown away descriptors that this
// process has no room for: it says EMSGSIZE, and then gives the bytes beside which they came.
func (r *Buffer) recvmsgAgain(fd int, room []byte) (n, control int, err error) {
	for thrown := false; ; {
		n, control, err = r.recvmsg(fd, room)
		switch {
		case err == unix.EINTR:
		case err == unix.EMSGSIZE && !thrown:
			thrown = true
		default:
			return n, control, err
		}
	}
}

// Transmit writes b, with a copy of handle beside its first byte unless handle is negative. It returns how many bytes were
// written, ErrWouldBlock where none fits, and ErrTooManyHandles or ErrNoRoom where time has to pass.
func Transmit(fd int, b []byte, handle int) (int, error) {
	var control []byte
	var space [controlSpace]byte
	if handle >= 0 {
		control = space[:putRights(space[:], handle)]
	}
	return TransmitRights(fd, b, control)
}

// TransmitRights is Transmit with a control message, as unix.UnixRights makes it, in place of a handle.
func TransmitRights(fd int, b, rights []byte) (int, error) {
	for {
		n, err := sendmsg(fd, b, rights)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return 0, ErrWouldBlock
		case unix.ETOOMANYREFS, unix.ENOBUFS, unix.ENOMEM:
			return 0, ErrTooManyHandles
		case unix.EPIPE, unix.ECONNRESET, unix.EPROTOTYPE: // which is what macOS says of a peer that is just closing its end
			return 0, ErrDisconnected
		case unix.EMSGSIZE:
			if len(rights) > 0 {
				return 0, ErrNoRoom // so macOS says that the descriptor does not fit now
			}
		}
		return 0, fmt.Errorf("nodeipc: sendmsg: %w", err)
	}
}

// CloseWrite has the peer read the end of the stream, and leaves what it writes to be read here.
func CloseWrite(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

// Close closes a descriptor.
func Close(fd int) { unix.Close(fd) }

// CloseOnExec keeps descriptors from programs that this process starts.
func CloseOnExec(fds ...int) {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
}

// SetSendBuffer sets how many bytes may wait to be read by the peer, with what the system needs for them.
func SetSendBuffer(fd, size int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, size)
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
