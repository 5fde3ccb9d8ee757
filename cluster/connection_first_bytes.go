package cluster

import (
	"container/list"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// firstBytes are the connections of a dispatcher whose first bytes are still to come. They are peeked at, so that they are still there for
// the worker. A connection that need not be waited for any more has no key if none was found. All methods run on the primary's loop.
type firstBytes struct {
	dispatcher *dispatcher
	find       firstbytes.Finder
	undecided  list.List // of *undecided, the oldest first
	most       int       // 0: none is waited for any more
	timeout    time.Duration
	timer      *eventloop.Timer
	buffer     []byte
}

// undecided is a connection that is waited for.
type undecided struct {
	of    *firstBytes
	fd    int
	until time.Time
	place *list.Element
}

func newFirstBytes(d *dispatcher, find firstbytes.Finder) *firstBytes {
	f := &firstBytes{
		dispatcher: d, find: find, most: firstbytes.MaxWaiting(), timeout: firstbytes.Timeout, buffer: make([]byte, firstbytes.MaxHead),
	}
	f.timer = d.primary.loop.NewTimer(f.expire)
	return f
}

func (f *firstBytes) len() int { return f.undecided.Len() }

// decide reports whether a connection is decided. Otherwise it waits for more bytes of it.
func (f *firstBytes) decide(c *Connection) bool {
	if f.look(c) {
		return true
	}
	if f.most == 0 {
		c.decided = true
		return true
	}
	if f.len() == f.most {
		f.release(f.oldest())
	}
	u := &undecided{of: f, fd: c.fd, until: time.Now().Add(f.timeout)}
	if err := f.dispatcher.primary.loop.Add(c.fd, eventloop.Readable|eventloop.Edge, u); err != nil {
		f.dispatcher.primary.warnOnce(err)
		c.decided = true
		return true
	}
	u.place = f.undecided.PushBack(u)
	if f.len() == 1 {
		f.timer.Reset(f.timeout)
	}
	return false
}

// look looks for the key in what has come of a connection, and reports whether there is nothing more to wait for.
func (f *firstBytes) look(c *Connection) bool {
	found, decided := f.find.Look(c.fd, f.buffer)
	if !decided {
		return false
	}
	c.key, c.hasKey, c.decided = found.Key, found.Found, true
	return true
}

// Ready is the loop's call: more bytes have come, or the client has ended the connection.
func (u *undecided) Ready(eventloop.Events) {
	c := Connection{fd: u.fd}
	if !u.of.look(&c) {
		u.awaitMore()
		return
	}
	u.of.forget(u)
	u.of.dispatcher.redispatch(c)
}

// oldest is the connection that has been waited for longest, nil if there is none.
func (f *firstBytes) oldest() *undecided {
	if first := f.undecided.Front(); first != nil {
		return first.Value.(*undecided)
	}
	return nil
}

// release has a connection be without a key.
func (f *firstBytes) release(u *undecided) {
	f.forget(u)
	f.dispatcher.redispatch(Connection{fd: u.fd, decided: true})
}

func (f *firstBytes) forget(u *undecided) {
	f.dispatcher.primary.loop.Remove(u.fd)
	f.undecided.Remove(u.place)
	u.place = nil
	if f.len() == 0 {
		f.timer.Stop()
	}
}

// expire releases the connections that were waited for long enough, and comes again for the next.
func (f *firstBytes) expire() {
	for now := time.Now(); ; {
		u := f.oldest()
		if u == nil {
			return
		}
		if wait := u.until.Sub(now); wait > 0 {
			f.timer.Reset(wait)
			return
		}
		f.release(u)
	}
}

// hurry releases all connections, and waits for none that is accepted later.
func (f *firstBytes) hurry() {
	f.most = 0
	for u := f.oldest(); u != nil; u = f.oldest() {
		f.release(u)
	}
}

// close closes all connections.
func (f *firstBytes) close() {
	for u := f.oldest(); u != nil; u = f.oldest() {
		f.forget(u)
		bind.CloseFD(u.fd)
	}
}
