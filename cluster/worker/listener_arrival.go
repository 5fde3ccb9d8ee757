package worker

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// errLost is why a handle did not arrive that the primary has sent.
const errLost = syscall.EMFILE

// arrival is a connection that the primary has dealt out to this worker. It is settled, and answered for, when the program
// takes it.
type arrival struct {
	counted *connections
	seq     json.RawMessage
	handle  *handlewrap.Handle // nil if it got lost
	settled bool
	conn    net.Conn
	err     error
}

// arrive counts a connection that the primary has dealt out, or refuses it.
func (c *connections) arrive(seq json.RawMessage, connection *handlewrap.Handle, closed bool) *arrival {
	if closed || !c.begin() {
		closeHandle(connection)
		c.process.answer(seq, false)
		return nil
	}
	if connection != nil {
		connection.OnClose(c.end)
	}
	return &arrival{counted: c, seq: seq, handle: connection}
}

// settle makes a connection the program's. It goes back to the primary if this process has no descriptor for it, since
// the primary, or another worker, may have.
func (a *arrival) settle() {
	if a.settled {
		return
	}
	if a.handle == nil {
		a.err = errLost
	} else {
		a.conn, a.err = a.handle.Conn()
	}
	if isShortage(a.err) {
		a.refuse()
		return
	}
	a.settled = true
	a.counted.process.answer(a.seq, true)
	if a.err != nil {
		a.handle.Close()
	}
}

// refuse gives a connection back that is not settled.
func (a *arrival) refuse() {
	a.settled = true
	if a.handle == nil {
		a.counted.end()
	} else {
		a.handle.Close()
	}
	a.counted.process.answer(a.seq, false)
}

// refuseAll gives those back that are not settled, and gives the others.
func refuseAll(arrived []*arrival) (settled []*arrival) {
	for _, a := range arrived {
		if a.settled {
			settled = append(settled, a)
		} else {
			a.refuse()
		}
	}
	return settled
}

// isShortage says whether this process or the system has as many descriptors open as it may, which passes.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// acceptError is what Accept says for a shortage in the words of package net, at which servers wait a moment and try again.
func acceptError(err error, address net.Addr) error {
	var errno syscall.Errno
	errors.As(err, &errno)
	return &net.OpError{Op: "accept", Net: address.Network(), Addr: address, Err: os.NewSyscallError("accept", errno)}
}
