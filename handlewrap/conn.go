package handlewrap

import (
	"net"
	"sync"
)

// wrapConn returns c itself unless it has functions to call on Close or lacks a peer's address.
func wrapConn(c net.Conn, onClose []func()) net.Conn {
	remote := c.RemoteAddr()
	if len(onClose) == 0 && remote != nil {
		return c
	}
	end := &ending{functions: onClose}
	switch c := c.(type) {
	case *net.TCPConn:
		if remote == nil {
			remote = &net.TCPAddr{}
		}
		return &tcpConn{TCPConn: c, remote: remote, end: end}
	case *net.UnixConn:
		if remote == nil {
			remote = &net.UnixAddr{Net: "unix"}
		}
		return &unixConn{UnixConn: c, remote: remote, end: end}
	}
	return c
}

// ending calls its functions the first time that it is run.
type ending struct {
	once      sync.Once
	functions []func()
}

func (e *ending) run() {
	e.once.Do(func() {
		for _, f := range e.functions {
			f()
		}
	})
}

type tcpConn struct {
	*net.TCPConn
	remote net.Addr
	end    *ending
}

func (c *tcpConn) RemoteAddr() net.Addr { return c.remote }

func (c *tcpConn) Close() error {
	err := c.TCPConn.Close()
	c.end.run()
	return err
}

type unixConn struct {
	*net.UnixConn
	remote net.Addr
	end    *ending
}

func (c *unixConn) RemoteAddr() net.Addr { return c.remote }

func (c *unixConn) Close() error {
	err := c.UnixConn.Close()
	c.end.run()
	return err
}
