//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// client is the far end of a connection that the rig hands to a worker.
type client struct {
	conn net.Conn
	got  chan string
}

// connect makes a TCP connection and returns the accepted end, which is the rig's.
func (r *rig) connect() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return -1, err
	}
	defer l.Close()
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		return -1, err
	}
	c := &client{conn: conn, got: make(chan string, 1)}
	r.clients = append(r.clients, c)
	go c.read()
	accepted, err := l.Accept()
	if err != nil {
		return -1, err
	}
	defer accepted.Close()
	return duplicate(accepted.(*net.TCPConn))
}

func duplicate(c *net.TCPConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dup error
	if err := raw.Control(func(p uintptr) { fd, dup = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	return fd, dup
}

func (c *client) read() {
	c.conn.SetDeadline(time.Now().Add(patience / 4))
	b := make([]byte, 64)
	n, err := c.conn.Read(b)
	switch {
	case n > 0:
		c.got <- fmt.Sprintf("got %q", b[:n])
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.got <- "left open without a byte"
	case !errors.Is(err, io.EOF):
		c.got <- "reset"
	default:
		c.got <- "closed without a byte"
	}
}

// awaitClients returns when each client has what the worker had for it, because a worker that leaves earlier may lose it.
func (r *rig) awaitClients() {
	for _, c := range r.clients {
		got := <-c.got
		c.conn.Close()
		r.fact.Clients = append(r.fact.Clients, got)
	}
	r.clients = nil
}

// give hands the worker a new connection for key.
func (r *rig) give(key string) error {
	fd, err := r.connect()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return r.newconn(key, fd)
}

// describe tells what kind of socket fd is, without what differs from run to run.
func describe(fd int) string {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return "not a socket"
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return err.Error()
	}
	what := "connected stream"
	if _, err := unix.Getpeername(fd); err != nil {
		what = "bound stream"
	}
	if on, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); on == 1 {
		what = "listening stream"
	}
	if kind == unix.SOCK_DGRAM {
		what = "datagram"
	}
	return what + " " + addressText(name)
}

func addressText(name unix.Sockaddr) string {
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return fmt.Sprintf("%s:%s", net.IP(a.Addr[:]), portText(a.Port))
	case *unix.SockaddrInet6:
		return fmt.Sprintf("[%s]:%s", net.IP(a.Addr[:]), portText(a.Port))
	case *unix.SockaddrUnix:
		return a.Name
	}
	return "unknown"
}

func portText(port int) string {
	if port >= 18000 && port < 19000 {
		return fmt.Sprint(port)
	}
	return "PORT"
}
