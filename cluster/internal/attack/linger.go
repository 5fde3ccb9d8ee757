//go:build linux

package attack

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// lingerSeconds is how long closing a connection waits for a peer that does not read.
const lingerSeconds = 100_000

// linger fills a connection until it takes nothing more, and has its close wait. A peer that reads a line reads no more than that.
func linger(fd int) error {
	for block := bytes.Repeat([]byte("\n"), 64<<10); ; {
		_, err := unix.SendmsgN(fd, block, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if errors.Is(err, unix.EAGAIN) && isFull(fd) {
			return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: lingerSeconds})
		}
		if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return err
		}
	}
}

// isFull reports whether the peer of a connection takes nothing more. An acknowledgement may take 40 ms.
func isFull(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 100)
	return n == 0 && err == nil
}

// lingering makes a connection of the worker to itself that lingers.
func lingering() (fd int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return -1, err
	}
	defer l.Close()
	// Its connections have little room from the beginning.
	if raw, err := l.(*net.TCPListener).SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10) })
	}
	fd, err = dial(l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return -1, err
	}
	peer, err := l.Accept()
	if err != nil {
		return -1, err
	}
	kept = append(kept, peer)
	return fd, linger(fd)
}

// kept are the other ends of connections, which are not read.
var kept []net.Conn

func dial(port int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<10)
	return fd, unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}

// carrying makes a Unix socket in which another descriptor is on its way, and which is open nowhere else.
func carrying(fd int) (int, error) {
	defer unix.Close(fd)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pair[1])
	return pair[0], unix.Sendmsg(pair[1], []byte("x"), unix.UnixRights(fd), nil, 0)
}

// giveLingering sends a message several times, each with a connection that lingers.
func giveLingering(message string) func(*end) error {
	return func(e *end) error { return e.giveMany(message, lingering) }
}

// giveCarriers sends a message several times, each with a Unix socket that carries a connection that lingers.
func giveCarriers(message string) func(*end) error {
	return func(e *end) error {
		return e.giveMany(message, func() (int, error) {
			fd, err := lingering()
			if err != nil {
				return -1, err
			}
			return carrying(fd)
		})
	}
}

func (e *end) giveMany(message string, makes func() (int, error)) error {
	const times = 3
	for range times {
		fd, err := makes()
		if err != nil {
			return err
		}
		if err := e.give(message, fd); err != nil {
			return err
		}
	}
	return nil
}

// leaveLingering breaks the protocol, and leaves connections that linger in the channel, which is then not read any more.
func leaveLingering(e *end) error {
	fd, err := lingering()
	if err != nil {
		return err
	}
	defer func() { go unix.Close(fd) }()
	text := `{"cmd":"NODE_HANDLE_ACK"}` + "\n" + `{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}` + "\n"
	if err := unix.Sendmsg(e.fd, []byte(text[:26]), nil, nil, unix.MSG_NOSIGNAL); err != nil {
		return err
	}
	unix.Sendmsg(e.fd, []byte(text[26:]), unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
	return nil
}

// acceptLingering takes connections, has them linger, closes them and only then accepts them.
func acceptLingering(e *end) error {
	return e.accept(func(connection message) error {
		// The client may have gone.
		unix.SetsockoptInt(connection.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<10)
		linger(connection.fd)
		unix.Close(connection.fd)
		return e.answer(connection, true)
	})
}

// beginLingering accepts connections and has them linger just then, so that the primary finds nothing when it looks, and waits when
// it closes.
func beginLingering(e *end) error {
	return e.accept(func(connection message) error {
		fd := connection.fd
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<10)
		linger(fd)
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{})
		if err := e.answer(connection, true); err != nil {
			return err
		}
		for until := time.Now().Add(time.Duration(rand.IntN(100)) * time.Microsecond); time.Now().Before(until); {
		}
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: lingerSeconds})
		go unix.Close(fd)
		return nil
	})
}
