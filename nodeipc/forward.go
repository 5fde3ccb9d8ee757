package nodeipc

import (
	"slices"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// forwardedCost is how many bytes a handle that waits to be forwarded counts, so that few of them do.
const forwardedCost = 64 << 10

// forwarding is what a channel does with messages that are another process's.
type forwarding struct {
	to      *Channel // nil if all is for this end
	run     []byte   // frames of the present read, one behind the other, that nobody here has to see
	holds   bool     // what is forwarded waits here
	waiting fifo[message]
}

// ForwardTo makes the channel one half of a relay between two processes, of which other leads to the second. From then on all that the
// peer says goes there as it is, undecoded: messages, handles, and what it says of handles that it got from there. Order is kept, also
// against what this end sends to either. The [Handler] gets only the internal messages without a handle, such as those of Node's
// cluster, of which it passes on what is not for it: see Frame and Forward. Answers about handles that this end has sent come to this end.
//
// A peer is not read while more than Options.SendBuffer bytes of what it has sent wait at the other channel. Neither the end of a
// channel nor its error is forwarded: that is the handler's to do, with [Channel.Disconnect].
//
// Both channels must be on the same loop, and have the same serialization. It is called in HandleOpen, or before anything was read.
func (l LoopChannel) ForwardTo(other LoopChannel) {
	if !l.channel.isZero() && !other.channel.isZero() {
		l.channel.forwarding.to = other.channel
	}
}

// Frame returns the internal message that HandleInternal was called with as it came, with what delimits it. It is valid until that returns.
func (l LoopChannel) Frame() []byte {
	if l.channel.isZero() {
		return nil
	}
	return l.channel.incoming.frame
}

// Forward passes on an internal message of the peer's, which Frame has returned: the present one, or a copy of an earlier one.
func (l LoopChannel) Forward(frame []byte) {
	if c := l.channel; !c.isZero() && c.forwarding.to != nil {
		c.forward(message{frame: frame, forwarding: forwarded})
	}
}

// HoldForwarding keeps back what the channel forwards from now on, and has it read no more, until ResumeForwarding. What has been read
// before waits in memory, with its handles: the handler has to resume, at the latest when either channel has ended.
func (l LoopChannel) HoldForwarding() {
	if c := l.channel; !c.isZero() {
		c.forwarding.holds = true
		c.hold(&c.outrun, true)
	}
}

// ResumeForwarding passes on what HoldForwarding has kept back, and has the channel read again.
func (l LoopChannel) ResumeForwarding() {
	c := l.channel
	if c.isZero() || !c.forwarding.holds {
		return
	}
	c.forwarding.holds = false
	c.hold(&c.outrun, false)
	for waiting := &c.forwarding.waiting; waiting.len() > 0; {
		c.forward(waiting.pop())
	}
}

// forwardFrame passes on the message that is being handled, unless it is for this end. A user's goes with those around it.
func (c *Channel) forwardFrame(payload []byte) error {
	if c.codec.BeginsAsUser(payload, c.peerDialect()) {
		c.extendRun(c.incoming.frame)
		return nil
	}
	c.forwardRun()
	payload, _ = c.decodeDialect(payload)
	kind := codec.User
	if !c.codec.BeginsAsUser(payload, c.peerDialect()) {
		// What is broken is for the other process to judge.
		kind, _ = c.codec.Classify(payload)
	}
	m := message{frame: c.incoming.frame, forwarding: forwarded}
	switch kind {
	case codec.Handle:
		fd := c.incoming.handles.take()
		if fd < 0 {
			return c.reply(nackCommand)
		}
		m.handle = c.closer.NewHandle("", fd)
	case codec.Internal:
		c.handler.HandleInternal(Message{payload: payload, codec: c.codec})
		return nil
	case codec.ACK, codec.NACK:
		if c.takeAnswer(kind) {
			return nil
		}
		m.forwarding = forwardedAnswer
	}
	c.forward(m)
	return nil
}

// extendRun adds a frame to the run, which it follows in memory. A run that is more than one message is as long as a write of several may be.
func (c *Channel) extendRun(frame []byte) {
	f := &c.forwarding
	if len(f.run)+len(frame) > f.to.out.maxCoalesced {
		c.forwardRun()
	}
	if len(f.run) == 0 {
		f.run = frame
	} else {
		f.run = f.run[:len(f.run)+len(frame)]
	}
}

// forwardRun passes on the run as one message. It is called before anything else of the peer's is handled, and before the memory of what was
// read is used again.
func (c *Channel) forwardRun() {
	if run := c.forwarding.run; len(run) > 0 {
		c.forwarding.run = nil
		c.forward(message{frame: run, forwarding: forwarded})
	}
}

// takeAnswer reports whether an answer is about a handle that this end has sent, and if so handles it.
func (c *Channel) takeAnswer(kind codec.Kind) bool {
	oldest, err := c.oldestHandle()
	if err != nil {
		return false
	}
	if oldest.sent != nil && oldest.sent.forwarding == forwarded {
		c.closer.CloseHandle(oldest.sent.handle)
		return false
	}
	c.handleAnswer(kind, oldest)
	return true
}

// forward gives a message, whose frame is valid until it returns, to the other channel. Where too much waits there, reading pauses.
func (c *Channel) forward(m message) {
	if c.forwarding.holds {
		m.frame = slices.Clone(m.frame)
		c.forwarding.waiting.push(m)
		return
	}
	c.forwarding.to.takeForwarded(c, m)
}

// takeForwarded puts a message that another channel has read in its place. That channel waits while there is too much.
func (c *Channel) takeForwarded(from *Channel, m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.out
	if c.state != connected {
		closeHandle(m.handle)
		return
	}
	o.sent = max(o.sent, len(m.frame))
	if len(m.frame) > o.maxCoalesced && m.handle == nil && !o.holding {
		c.write(m.frame)
	} else {
		c.queueForwarded(m)
	}
	if o.queued >= c.options.SendBuffer {
		from.hold(&from.outrun, true)
		o.outrun = func() { from.loop.Post(func() { from.hold(&from.outrun, from.forwarding.holds) }) }
	}
}

// queueForwarded queues a message and has it written with others. The caller holds c.mu.
func (c *Channel) queueForwarded(m message) {
	o := &c.out
	if m.handle != nil || o.holding {
		m.frame = slices.Clone(m.frame)
	}
	if m.handle != nil {
		o.queued += forwardedCost
	}
	if m.forwarding == forwardedAnswer {
		o.queued += len(m.frame)
		o.enqueue(m)
	} else {
		o.submit(m)
	}
	if o.batched++; o.batched >= maxBatched {
		c.flushLocked()
	} else {
		c.flushSoon()
	}
}
