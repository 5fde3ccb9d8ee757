package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// errLost is why a handle did not arrive that the primary has sent.
const errLost = syscall.EMFILE

// offeredConn is a connection that the primary has dispatched to this worker. The primary is answered when the program
// takes it.
type offeredConn struct {
	counted  *connections
	seq      json.RawMessage
	handle   *handlewrap.Handle // nil if it got lost
	answered bool
	conn     net.Conn
	err      error
}

// receive counts a connection that the primary has dispatched, or rejects it.
func (c *connections) receive(seq json.RawMessage, connection *handlewrap.Handle, closed bool) *offeredConn {
	if closed || !c.add() {
		closeHandle(connection)
		c.process.answer(seq, false)
		return nil
	}
	if connection != nil {
		connection.OnClose(c.remove)
	}
	return &offeredConn{counted: c, seq: seq, handle: connection}
}

// accept makes the connection the program's and tells the primary so. The connection goes back to the primary if this
// process has no descriptor for it, since the primary, or another worker, may have one.
func (o *offeredConn) accept() {
	if o.answered {
		return
	}
	if o.handle == nil {
		o.err = errLost
	} else {
		o.conn, o.err = o.handle.Conn()
	}
	if isShortage(o.err) {
		o.reject()
		return
	}
	o.answered = true
	o.counted.process.answer(o.seq, true)
	if o.err != nil {
		o.handle.Close()
	}
}

// reject gives the connection back to the primary.
func (o *offeredConn) reject() {
	o.answered = true
	if o.handle == nil {
		o.counted.remove()
	} else {
		o.handle.Close()
	}
	o.counted.process.answer(o.seq, false)
}

// rejectAll rejects those connections that were not answered for, and returns the others.
func rejectAll(waiting []*offeredConn) (accepted []*offeredConn) {
	for _, o := range waiting {
		if o.answered {
			accepted = append(accepted, o)
		} else {
			o.reject()
		}
	}
	return accepted
}

// isShortage reports whether this process or the system has as many descriptors open as it may, which passes.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// acceptError is what Accept says for a shortage in the words of package net, at which servers wait a moment and try again.
func acceptError(err error, address net.Addr) error {
	var errno syscall.Errno
	errors.As(err, &errno)
	return &net.OpError{Op: "accept", Net: address.Network(), Addr: address, Err: os.NewSyscallError("accept", errno)}
}

// closedError is what Accept says of a closed listener: net.ErrClosed, and why if it is because the worker leaves.
func (p *Process) closedError(address net.Addr) error {
	err := net.ErrClosed
	if p.context.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(p.context), net.ErrClosed)
	}
	return &net.OpError{Op: "accept", Net: address.Network(), Addr: address, Err: err}
}
