package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
)

const (
	// maxCoalesced is how many bytes of small messages go into one write.
	maxCoalesced = 64 << 10
	// Node before version 20 stops reading for ever where one of its reads, of 64 KiB, ends within the four bytes of an advanced message's
	// length. So no more than one read may wait there: Linux doubles the buffer, and lets the last write go beyond it by half. A write of
	// small messages is one that the system takes whole or not at all; one of a larger message is cut within that.
	advancedSendBuffer   = 20 << 10
	maxAdvancedCoalesced = 16 << 10
	// firstNodeOfLargeReads is the first version of Node that reads on whatever waits.
	firstNodeOfLargeReads = 20
	// maxBatched is how many messages go into one write at most, so that the peer is not left without any.
	maxBatched = 16
	// maxReplies is how many send buffers the answers to a peer may fill before the channel ends.
	maxReplies = 4
)

// message is a message on its way out. handle is nil for a plain one, and belongs to the channel.
type message struct {
	frame      []byte
	handle     *handlewrap.Handle
	forwarding forwardedAs
}

// forwardedAs says what a forwarded message is, on which depends what waits for it and what it waits for.
type forwardedAs uint8

const (
	notForwarded    forwardedAs = iota
	forwarded                   // of which the sender gets the answer if there is a handle, and holds back what comes next
	forwardedAnswer             // which does not wait for the answer about a handle of this end
)

// outgoing is what waits to be written. The channel's mu guards it.
type outgoing struct {
	queue  fifo[segment]
	queued int
	sent   int // the longest message of Send since nothing was queued
	// held are messages behind a handle that awaits its ACK: as Node does, the channel holds them back.
	held    fifo[message]
	holding bool
	unacked fifo[unacked]

	corked         bool // messages wait for those that follow
	flushing       bool // a goroutine is writing, the flusher
	flushScheduled bool // the loop is going to flush at the end of its batch
	blocked        bool // the socket is full
	stalled        bool // the socket takes nothing though it is not full: it is broken, or time has to pass
	refused        bool // an offer was refused, and the handler waits for HandleWritable
	maxCoalesced   int  // as the constant, or less
	batched        int  // how many messages were queued since the last write
	writes         int  // how many there were, which the tests count
	room           chan struct{}
	outrun         func() // of a channel that forwards to this one, and waits for room
	spares         spares
	flush          func()
	unread         unread
	deferredWrite  deferredWrite
}

// idle reports whether what is written now goes out at once, before all else.
func (o *outgoing) idle() bool { return o.queue.len() == 0 && o.canFlush() }

// canFlush reports whether no goroutine is writing, and nothing is known that keeps the socket from taking more.
func (o *outgoing) canFlush() bool { return !o.flushing && !o.blocked && !o.stalled }

// drained reports whether everything that was sent has gone out, so that the channel may close.
func (o *outgoing) drained() bool {
	return o.queue.len() == 0 && o.held.len() == 0 && !o.holding && !o.flushing
}

// roomFor returns a Go channel that is closed when there may be room again, or nil when there is room now.
func (o *outgoing) roomFor(limit int) <-chan struct{} {
	if o.queued < limit {
		return nil
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	return o.room
}

// roomForReply returns ErrNotReading when the answers to the peer have piled up, whatever is sent beside them.
func (o *outgoing) roomForReply(sendBuffer int) error {
	if o.queued > maxReplies*sendBuffer+o.sent {
		return fmt.Errorf("nodeipc: %w: %d bytes wait for it", ErrNotReading, o.queued)
	}
	return nil
}

func (o *outgoing) notifyRoom() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	if o.outrun != nil {
		o.outrun()
		o.outrun = nil
	}
}

// submit puts a message in its place: behind a handle that awaits its ACK, or in the queue.
func (o *outgoing) submit(m message) {
	o.queued += len(m.frame)
	if o.holding {
		o.held.push(m)
		return
	}
	o.enqueue(m)
}

func (o *outgoing) enqueue(m message) {
	if m.handle != nil {
		o.holding = o.holding || m.forwarding == notForwarded
		o.queue.push(segment{bytes: m.frame, sent: &sentHandle{message: m}})
		return
	}
	o.append(m.frame)
}

// append adds a plain frame to the last segment where that may grow.
func (o *outgoing) append(frame []byte) {
	if o.queue.len() > 0 {
		if last := o.queue.last(); last.buffer != nil && len(last.bytes)+len(frame) <= o.maxCoalesced {
			last.bytes = append(last.bytes, frame...)
			return
		}
	}
	buffer := o.spares.copy(frame)
	o.queue.push(segment{bytes: buffer, buffer: buffer})
}

// releaseHeld queues what waited for an ACK, up to the next handle.
func (o *outgoing) releaseHeld() {
	o.holding = false
	for !o.holding && o.held.len() > 0 {
		o.enqueue(o.held.pop())
	}
}

// abandon gives up everything that was not sent or not acknowledged, and returns the handles in it.
func (o *outgoing) abandon() (handles []*handlewrap.Handle) {
	for o.queue.len() > 0 {
		if s := o.queue.pop(); s.handlePending() {
			handles = append(handles, s.sent.handle)
		}
	}
	for o.unacked.len() > 0 {
		if sent := o.unacked.pop().sent; sent != nil {
			handles = append(handles, sent.handle)
		}
	}
	for o.held.len() > 0 {
		if m := o.held.pop(); m.handle != nil {
			handles = append(handles, m.handle)
		}
	}
	o.queued, o.blocked, o.refused = 0, false, false
	o.notifyRoom()
	return handles
}

// segment is what one write sends: plain messages together, or a message with a handle alone, because a descriptor travels beside
// the first byte of a write.
type segment struct {
	bytes  []byte
	buffer []byte      // what plain bytes are a part of; nil while that is the sender's, who waits until they are written
	sent   *sentHandle // nil for plain messages
	begun  bool
}

// handlePending reports whether a handle is yet to be written.
func (s *segment) handlePending() bool { return s.sent != nil && !s.begun }

// isBorrowed reports whether the bytes are the sender's.
func (s *segment) isBorrowed() bool { return s.sent == nil && s.buffer == nil }

// maxSpares is how many buffers are kept for what is sent next.
const maxSpares = 16

// spares are buffers of what was written.
type spares [][]byte

// copy returns a copy of b in a buffer that may have been used before.
func (s *spares) copy(b []byte) (buffer []byte) {
	if n := len(*s); n > 0 {
		buffer, *s = (*s)[n-1], (*s)[:n-1]
	}
	return append(buffer[:0], b...)
}

func (s *spares) keep(buffer []byte) {
	if buffer != nil && cap(buffer) <= 2*maxCoalesced && len(*s) < maxSpares {
		*s = append(*s, buffer)
	}
}
