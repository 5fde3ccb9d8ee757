package worker

import (
	"net"
	"sync"
)

// connections counts those that a server has open. The worker's leaving waits for them.
type connections struct {
	process *Process
	limit   int

	mu   sync.Mutex
	open int
}

// add counts a connection, unless there is no room for it.
func (c *connections) add() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limit > 0 && c.open >= c.limit {
		return false
	}
	c.open++
	c.process.countOpen()
	return true
}

// remove counts the end of a connection.
func (c *connections) remove() {
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
	c.process.countClosed()
}

// track gives a counted connection whose Close counts its end, and that is as conn in everything else.
func (c *connections) track(conn net.Conn) net.Conn {
	removeOnce := sync.OnceFunc(c.remove)
	if conn, ok := conn.(*net.TCPConn); ok {
		return &trackedTCPConn{conn, removeOnce}
	}
	return &trackedUnixConn{conn.(*net.UnixConn), removeOnce} // package net has no other for a stream socket
}

// trackedTCPConn keeps the methods of a *net.TCPConn, by which io.Copy and SyscallConn work on the socket itself.
type trackedTCPConn struct {
	*net.TCPConn
	removeOnce func()
}

// Close closes the connection, and counts its end the first time.
func (c *trackedTCPConn) Close() error {
	defer c.removeOnce()
	return c.TCPConn.Close()
}

// trackedUnixConn keeps the methods of a *net.UnixConn.
type trackedUnixConn struct {
	*net.UnixConn
	removeOnce func()
}

// Close closes the connection, and counts its end the first time.
func (c *trackedUnixConn) Close() error {
	defer c.removeOnce()
	return c.UnixConn.Close()
}
