package cluster

import (
	"encoding/json"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// fromPrimary is a message of the primary's as it has come.
type fromPrimary struct {
	wire.FromPrimary
	lost bool // it came without its handle
}

// nextSeq numbers a message, and remembers who waits for the answer, if anybody does.
func (s *Self) nextSeq(answered func(*fromPrimary, *handlewrap.Handle)) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.seq
	s.seq++
	if answered != nil {
		s.replies[seq] = answered
	}
	return seq
}

// tell sends the primary a message from any goroutine. answered is called on the loop.
func (s *Self) tell(m wire.Numbered, answered func(*fromPrimary, *handlewrap.Handle)) error {
	m.Number(s.nextSeq(answered))
	return s.channel.Tell(m)
}

// selfChannel is this worker as its channel calls it, on the channel's loop.
type selfChannel struct{ self *Self }

func (c selfChannel) HandleOpen(channel nodeipc.LoopChannel) { c.self.onLoop = channel }

func (c selfChannel) HandleMessage(m nodeipc.Message) { c.self.onLoop.Keep(m) }

func (c selfChannel) HandleInternal(m nodeipc.Message) {
	s := c.self
	if message, ok := s.decode(m); ok {
		s.act(message, m.Handle)
	} else {
		closeHandle(m.Handle)
	}
}

// HandleLost answers for what came without its handle: Node's primary does not send that
// again, and waits for the answer.
func (c selfChannel) HandleLost(m nodeipc.Message) func() {
	s := c.self
	message, ok := s.decode(m)
	if !ok {
		return nil
	}
	message.lost = true
	return func() { s.act(message, nil) }
}

// decode reads a message, if it is one of cluster's. What cannot be read ends the channel.
func (s *Self) decode(m nodeipc.Message) (*fromPrimary, bool) {
	message := &fromPrimary{}
	if err := m.Decode(&message.FromPrimary); err != nil {
		s.onLoop.Fail(fmt.Errorf("%w: %w", nodeipc.ErrProtocol, err))
		return nil, false
	}
	return message, message.Command == wire.Command
}

func (s *Self) act(m *fromPrimary, h *handlewrap.Handle) {
	switch {
	case m.Ack != nil:
		s.answered(m, h)
	case m.Act == wire.ActNewConnection:
		s.newConnection(m, h)
	case m.Act == wire.ActDisconnect:
		closeHandle(h)
		s.leave(false)
	default:
		closeHandle(h)
	}
}

func (s *Self) answered(m *fromPrimary, h *handlewrap.Handle) {
	s.mu.Lock()
	answered := s.replies[*m.Ack]
	delete(s.replies, *m.Ack)
	s.mu.Unlock()
	if answered == nil {
		closeHandle(h)
		return
	}
	answered(m, h)
}

// newConnection gives a connection to the server that it is for, or back to the primary.
func (s *Self) newConnection(m *fromPrimary, connection *handlewrap.Handle) {
	s.mu.Lock()
	end := s.byKey[m.Key]
	s.mu.Unlock()
	if end == nil || connection == nil && !m.lost {
		closeHandle(connection)
		s.answer(m.Seq, false)
		return
	}
	end.server.offer(m.Seq, connection)
}

// answer tells the primary whether a connection is taken.
func (s *Self) answer(seq json.RawMessage, accepted bool) {
	s.tell(&wire.WorkerMessage{Ack: seq, Accepted: &accepted}, nil)
}

func (c selfChannel) HandleNACK(uint32) {}

func (c selfChannel) HandleWritable() {}

func (c selfChannel) HandleDisconnect(err error) { c.self.lost(err) }

func closeHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}
