package cluster

import (
	"errors"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// acceptPause is how long to wait when the system has no descriptors or memory for another connection: nothing
// tells when that ends, and the connections are safe in the kernel's queue.
const acceptPause = 20 * time.Millisecond

// roundRobin is a listening socket of the primary's own, whose connections it deals out to the members. The path of
// a connection goes through this file from top to bottom: ready, distribute, next, offer, and then the member's
// accepted or refused.
type roundRobin struct {
	serverBase
	primary  *Primary
	socket   socket
	name     *sockName
	newconn  *nodeipc.Template
	turns    turns
	returned []int // connections that a worker did not take, the oldest first
	pending  bool  // the kernel's queue may hold connections
	resting  bool  // the system is out of descriptors
	deferred bool
	closed   bool
	run      func()
}

func newRoundRobin(p *Primary, key string, m *fromWorker) (server, error) {
	bound, err := bindStream(m)
	if err != nil {
		return nil, err
	}
	s := &roundRobin{serverBase: serverBase{key: key}, primary: p, socket: bound}
	s.run = s.distribute
	if err := s.listen(integer(m.Backlog, 0)); err != nil {
		bound.close()
		return nil, err
	}
	return s, nil
}

func (s *roundRobin) listen(backlog int) (err error) {
	if err := listen(s.socket.fd, backlog); err != nil {
		return err
	}
	if s.name, err = s.socket.name(); err != nil {
		return err
	}
	s.newconn, err = nodeipc.NewTemplate(s.primary.Settings().Serialization, handlewrap.NetNative, func(n uint32) any {
		return newConnection{Command: clusterCommand, Act: actNewConnection, Key: s.key, Seq: n}
	})
	if err != nil {
		return err
	}
	return s.primary.loop.Add(s.socket.fd, eventloop.Readable|eventloop.Edge, s)
}

// Ready is the loop's call: there are connections in the kernel's queue.
func (s *roundRobin) Ready(eventloop.Events) {
	s.pending = true
	s.soon()
}

// soon has the server distribute at the end of the loop's batch, so that what comes together is done together.
func (s *roundRobin) soon() {
	if !s.deferred {
		s.deferred = true
		s.primary.loop.Defer(s.run)
	}
}

// distribute gives connections to members as long as there are both.
func (s *roundRobin) distribute() {
	s.deferred = false
	for !s.closed && !s.resting {
		m := s.turns.next()
		if m == nil {
			return
		}
		connection, ok := s.next()
		if !ok {
			return
		}
		s.offer(m, connection)
	}
}

// next is the connection whose turn it is: one that came back, or else one from the kernel's queue.
func (s *roundRobin) next() (connection int, ok bool) {
	if len(s.returned) > 0 {
		connection = s.returned[0]
		s.returned = s.returned[1:]
		return connection, true
	}
	if !s.pending {
		return -1, false
	}
	connection, err := accept(s.socket.fd)
	switch {
	case err == nil:
		return connection, true
	case errors.Is(err, errNothingToAccept):
		s.pending = false
		s.primary.loop.Rearm(s.socket.fd)
	default:
		s.rest(err)
	}
	return -1, false
}

// offer sends a connection to a member. One that cannot take it is passed over until it can.
func (s *roundRobin) offer(m *member, connection int) {
	p := s.primary
	seq := p.nextSeq()
	p.frame = m.worker.child.AppendFrame(p.frame[:0], s.newconn, seq)
	err := m.worker.child.Offer(p.frame, connection, seq)
	if err == nil {
		m.worker.offers.push(offer{seq: seq, connection: connection, member: m})
		s.turns.took(m)
		return
	}
	s.returned = append([]int{connection}, s.returned...)
	if errors.Is(err, nodeipc.ErrTooManyHandles) {
		s.rest(err)
		return
	}
	// A full channel says when it has room; one that has ended takes the member away.
	s.turns.suspend(m)
}

// rest leaves connections where they are for a moment.
func (s *roundRobin) rest(err error) {
	s.resting = true
	s.primary.warnOnce(err)
	time.AfterFunc(acceptPause, func() {
		s.primary.loop.Post(func() {
			s.resting = false
			s.soon()
		})
	})
}

func (s *roundRobin) giveBack(connection int) {
	if s.closed {
		closeFD(connection)
		return
	}
	s.returned = append(s.returned, connection)
	s.soon()
}

func (s *roundRobin) describe(reply *serverReply) (*handlewrap.Handle, error) {
	reply.SockName = s.name
	return nil, nil
}

func (s *roundRobin) join(w *Worker) membership {
	m := &member{of: s, worker: w}
	s.turns.join(m)
	s.soon()
	return m
}

func (s *roundRobin) close() {
	s.closed = true
	s.primary.loop.Remove(s.socket.fd)
	s.socket.close()
	for _, connection := range s.returned {
		closeFD(connection)
	}
	s.returned = nil
}
