package cluster

import (
	"encoding/json"
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// numbered is a message of this process's own, which gets its number as it is sent.
type numbered interface{ number(seq uint32) }

// toPrimary is any message to the primary but those of a server.
type toPrimary struct {
	Command  string          `json:"cmd"`
	Act      string          `json:"act,omitempty"`
	Key      string          `json:"key,omitempty"`
	Ack      json.RawMessage `json:"ack,omitempty"`
	Accepted *bool           `json:"accepted,omitempty"`
	Seq      uint32          `json:"seq"`
}

func (m *toPrimary) number(seq uint32) { m.Command, m.Seq = clusterCommand, seq }

// serverMessage is queryServer or listening.
type serverMessage struct {
	Command     string          `json:"cmd"`
	Act         string          `json:"act"`
	Index       int             `json:"index"`
	Data        json.RawMessage `json:"data"`
	Address     *string         `json:"address"`
	Port        *int            `json:"port"`
	AddressType any             `json:"addressType"`
	FD          *int            `json:"fd,omitempty"`
	Flags       *int            `json:"flags,omitempty"`
	Backlog     *int            `json:"backlog,omitempty"`
	ReadableAll bool            `json:"readableAll,omitempty"`
	WritableAll bool            `json:"writableAll,omitempty"`
	Seq         uint32          `json:"seq"`

	path string // as the program has it
}

func (m *serverMessage) number(seq uint32) { m.Command, m.Seq = clusterCommand, seq }

// primaryMessage is any message of a primary.
type primaryMessage struct {
	Command  string          `json:"cmd"`
	Act      string          `json:"act"`
	Key      string          `json:"key"`
	Ack      *uint32         `json:"ack"`
	Errno    *int            `json:"errno"`
	Data     json.RawMessage `json:"data"`
	SockName *sockName       `json:"sockname"`
	Seq      json.RawMessage `json:"seq"`

	lost bool // it came without its handle
}

// nextSeq numbers a message, and remembers who waits for the answer, if anybody does.
func (s *Self) nextSeq(answered func(*primaryMessage, *handlewrap.Handle)) uint32 {
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
func (s *Self) tell(m numbered, answered func(*primaryMessage, *handlewrap.Handle)) error {
	m.number(s.nextSeq(answered))
	return s.onLoop.TellOrFail(m)
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
func (s *Self) decode(m nodeipc.Message) (*primaryMessage, bool) {
	message := &primaryMessage{}
	if err := m.Decode(message); err != nil {
		s.onLoop.Fail(fmt.Errorf("%w: %w", nodeipc.ErrProtocol, err))
		return nil, false
	}
	return message, message.Command == clusterCommand
}

func (s *Self) act(m *primaryMessage, h *handlewrap.Handle) {
	switch {
	case m.Ack != nil:
		s.answered(m, h)
	case m.Act == actNewConnection:
		s.newConnection(m, h)
	case m.Act == actDisconnect:
		closeHandle(h)
		s.leave(false)
	default:
		closeHandle(h)
	}
}

func (s *Self) answered(m *primaryMessage, h *handlewrap.Handle) {
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
func (s *Self) newConnection(m *primaryMessage, connection *handlewrap.Handle) {
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
	s.tell(&toPrimary{Ack: seq, Accepted: &accepted}, nil)
}

func (c selfChannel) HandleNACK(uint32) {}

func (c selfChannel) HandleWritable() {}

func (c selfChannel) HandleDisconnect(err error) { c.self.lost(err) }

func closeHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}
