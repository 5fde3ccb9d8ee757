package worker

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
func (p *Process) nextSeq(answered func(*fromPrimary, *handlewrap.Handle)) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq := p.seq
	p.seq++
	if answered != nil {
		p.replies[seq] = answered
	}
	return seq
}

// tell sends the primary a message from any goroutine. answered is called on the loop.
func (p *Process) tell(m wire.Numbered, answered func(*fromPrimary, *handlewrap.Handle)) error {
	m.Number(p.nextSeq(answered))
	return p.onLoop.TellOrFail(m)
}

// processChannel is this worker as its channel calls it, on the channel's loop.
type processChannel struct{ process *Process }

func (c processChannel) HandleOpen(channel nodeipc.LoopChannel) { c.process.onLoop = channel }

func (c processChannel) HandleMessage(m nodeipc.Message) { c.process.onLoop.Keep(m) }

func (c processChannel) HandleInternal(m nodeipc.Message) {
	p := c.process
	if message, ok := p.decode(m); ok {
		p.act(message, m.Handle)
	} else {
		closeHandle(m.Handle)
	}
}

// HandleLost answers for what came without its handle: Node's primary does not send that
// again, and waits for the answer.
func (c processChannel) HandleLost(m nodeipc.Message) func() {
	p := c.process
	message, ok := p.decode(m)
	if !ok {
		return nil
	}
	message.lost = true
	return func() { p.act(message, nil) }
}

// decode reads a message, if it is one of cluster's. What cannot be read ends the channel.
func (p *Process) decode(m nodeipc.Message) (*fromPrimary, bool) {
	message := &fromPrimary{}
	if err := m.Decode(&message.FromPrimary); err != nil {
		p.onLoop.Fail(fmt.Errorf("%w: %w", nodeipc.ErrProtocol, err))
		return nil, false
	}
	return message, message.Command == wire.Command
}

func (p *Process) act(m *fromPrimary, h *handlewrap.Handle) {
	switch {
	case m.Ack != nil:
		p.answered(m, h)
	case m.Act == wire.ActNewConnection:
		p.newConnection(m, h)
	case m.Act == wire.ActDisconnect:
		closeHandle(h)
		p.leave(false)
	default:
		closeHandle(h)
	}
}

func (p *Process) answered(m *fromPrimary, h *handlewrap.Handle) {
	p.mu.Lock()
	answered := p.replies[*m.Ack]
	delete(p.replies, *m.Ack)
	p.mu.Unlock()
	if answered == nil {
		closeHandle(h)
		return
	}
	answered(m, h)
}

// newConnection gives a connection to the server that it is for, or back to the primary.
func (p *Process) newConnection(m *fromPrimary, connection *handlewrap.Handle) {
	p.mu.Lock()
	end := p.byKey[m.Key]
	p.mu.Unlock()
	if end == nil || connection == nil && !m.lost {
		closeHandle(connection)
		p.answer(m.Seq, false)
		return
	}
	end.server.offer(m.Seq, connection)
}

// answer tells the primary whether a connection is taken.
func (p *Process) answer(seq json.RawMessage, accepted bool) {
	p.tell(&wire.WorkerMessage{Ack: seq, Accepted: &accepted}, nil)
}

func (c processChannel) HandleNACK(uint32) {}

func (c processChannel) HandleWritable() {}

func (c processChannel) HandleDisconnect(err error) { c.process.lost(err) }

func closeHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}
