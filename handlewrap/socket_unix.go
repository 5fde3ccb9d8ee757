//go:build unix

package handlewrap

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func closeOnExec(fd int) { unix.CloseOnExec(fd) }

func closeFD(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }

func dup(fd int) (int, error) {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return copied, nil
}

func setNonblock(fd int) error { return os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)) }

func listen(fd, backlog int) error { return os.NewSyscallError("listen", unix.Listen(fd, backlog)) }

func kindOf(fd int) (Kind, error) {
	socketType, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if errors.Is(err, unix.ENOTSOCK) {
		return 0, fmt.Errorf("fd %d is no socket, only File takes it: %w", fd, err)
	}
	if err != nil {
		return 0, os.NewSyscallError("getsockopt", err)
	}
	switch socketType {
	case unix.SOCK_DGRAM:
		return KindPacket, nil
	case unix.SOCK_STREAM, unix.SOCK_SEQPACKET:
		return streamKind(fd)
	}
	return 0, fmt.Errorf("neither a stream nor a datagram socket (type %d): %w", socketType, unix.ESOCKTNOSUPPORT)
}

func streamKind(fd int) (Kind, error) {
	// Not unix.Getpeername, which costs a second system call to learn the protocol.
	if _, err := syscall.Getpeername(fd); err == nil {
		return KindConn, nil
	}
	listening, err := isListening(fd)
	switch {
	case err != nil:
		return 0, err
	case listening:
		return KindListener, nil
	case wasConnected(fd):
		return KindConn, nil
	}
	return KindBound, nil
}

func dgramType(fd int) string {
	if fd < 0 {
		return ""
	}
	if k, err := kindOf(fd); err != nil || k != KindPacket {
		return ""
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	switch address.(type) {
	case *unix.SockaddrInet4:
		return "udp4"
	case *unix.SockaddrInet6:
		return "udp6"
	}
	return ""
}
