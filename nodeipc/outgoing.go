package nodeipc

import (
	"errors"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

const (
	// mostRetransmissions is how often a handle is sent again that the peer says it did not get.
	mostRetransmissions = 3
	// mostCoalesced is how many bytes of plain messages go into one write.
	mostCoalesced = 64 << 10
	// mostGathered is how many messages gather before they are written, so that the peer is not left without any.
	mostGathered = 16
	// mostReplies is how many send buffers a peer's questions may fill with answers before it is given up.
	mostReplies = 4
	// tooManyHandlesPause is how long to wait when the system has too many descriptors in flight: nothing
	// tells when that ends.
	tooManyHandlesPause = 10 * time.Millisecond
)

// segment is what one write sends: plain messages together, a message with a handle alone, because a
// descriptor travels beside the first byte of a write.
type segment struct {
	bytes  []byte
	buffer []byte // what bytes began as
	lent   bool   // bytes are the sender's, who waits until they are written
	sent   *sentHandle
	begun  bool
}

// message is one on its way out. handle is nil for a plain one, and the channel's from here on.
type message struct {
	frame  []byte
	handle *handlewrap.Handle
}

// sentHandle is a message with a handle until its ACK.
type sentHandle struct {
	message
	retransmissions int
}

// unacked is a place in the order of the ACKs. An offered handle is its owner's, who knows it by the tag.
type unacked struct {
	sent *sentHandle
	tag  uint32
}

// outgoing is what waits to be written. The channel's mu guards it.
type outgoing struct {
	queue  fifo[segment]
	queued int
	sent   int // the most that Send has put there at once since nothing was queued
	// held waits for the ACK of a handle, as Node holds back all that is sent after one.
	held    fifo[message]
	holding bool
	unacked fifo[unacked]

	flushing bool // somebody is writing; he takes what is queued meanwhile
	deferred bool // the loop is going to flush at the end of its batch
	blocked  bool // the socket is full
	stalled  bool // the socket takes nothing though it is not full: it is broken, or time has to pass
	refused  bool // an offer was refused, and whoever made it waits to hear that there is room
	unread   bool // plain messages were written that the peer may not have read
	checking bool // a timer is going to look whether it has
	left     bool // a timer is going to write what was left to whoever receives
	gathered int  // how many messages were queued since the last write
	writes   int  // how many there were, which the tests count
	room     chan struct{}
	leaving  *time.Timer
	spares   spares
	flush    func()
}

// drained says whether everything that was sent has gone out, so that the channel may close.
func (o *outgoing) drained() bool {
	return o.queue.len() == 0 && o.held.len() == 0 && !o.holding && !o.flushing
}

// roomFor gives a channel that is closed when there may be room again, nil when there is room now.
func (o *outgoing) roomFor(most int) <-chan struct{} {
	if o.queued < most {
		return nil
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	return o.room
}

// roomForReply says ErrNotReading when the answers to the peer's questions have piled up, whatever is sent beside them.
func (o *outgoing) roomForReply(sendBuffer int) error {
	if o.queued > mostReplies*sendBuffer+o.sent {
		return fmt.Errorf("nodeipc: %w: %d bytes wait for it", ErrNotReading, o.queued)
	}
	return nil
}

func (o *outgoing) notifyRoom() {
	if o.room != nil {
		close(o.room)
		o.room = nil
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
		o.holding = true
		o.queue.push(segment{bytes: m.frame, sent: &sentHandle{message: m}})
		return
	}
	o.append(m.frame)
}

// append adds a plain frame to the last segment where that may grow.
func (o *outgoing) append(frame []byte) {
	if o.queue.len() > 0 {
		if last := o.queue.last(); last.sent == nil && !last.lent && len(last.bytes)+len(frame) <= mostCoalesced {
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
		if s := o.queue.pop(); s.sent != nil && !s.begun {
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

// flush writes what is queued until nothing is left or the socket is full. Whoever finds somebody else at it
// leaves his messages to him, so that messages sent at once go out in one write.
func (c *Channel) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

func (c *Channel) flushLocked() {
	o := &c.out
	o.deferred = false
	if o.flushing || o.blocked || o.stalled || c.state == disconnected {
		return
	}
	o.flushing, o.gathered = true, 0
	for o.queue.len() > 0 && !o.blocked && !o.stalled && c.state != disconnected {
		if first := o.queue.first(); first.sent != nil && !first.begun && !c.handleMayGo() {
			break
		}
		c.writeFirst()
	}
	o.flushing = false
	if c.state == disconnected {
		socket.Close(c.fd)
		return
	}
	c.flushed()
}

// writeFirst writes the first segment, as far as it goes. The lock is free while a plain one is written, so
// that others add theirs meanwhile; a handle could be closed then, and its number be another's.
func (c *Channel) writeFirst() {
	o := &c.out
	first := o.queue.first()
	bytes, fd := first.bytes, c.fd
	o.writes++
	var n int
	var err error
	if first.sent != nil && !first.begun {
		n, err = socket.Transmit(fd, bytes, first.sent.handle.FD())
	} else {
		c.mu.Unlock()
		n, err = socket.Transmit(fd, bytes, -1)
		c.mu.Lock()
	}
	if c.state == disconnected {
		return
	}
	switch {
	case err == nil:
		c.wrote(n)
	case errors.Is(err, ErrWouldBlock):
		o.blocked = true
		c.watch()
	case errors.Is(err, ErrTooManyHandles):
		o.stalled = true
		time.AfterFunc(tooManyHandlesPause, func() { c.loop.Post(c.unblock) })
	default:
		o.stalled = true
		c.loop.Post(func() { c.failed(err) })
	}
}

// wrote takes n bytes off the first segment; its handle has gone with the first of them.
func (c *Channel) wrote(n int) {
	o := &c.out
	first := o.queue.first()
	if first.sent != nil && !first.begun {
		first.begun = true
		o.unacked.push(unacked{sent: first.sent})
	}
	o.unread = o.unread || first.sent == nil
	o.queued -= n
	first.bytes = first.bytes[n:]
	if len(first.bytes) == 0 {
		o.spares.keep(o.queue.pop().buffer)
	}
	if o.queued == 0 {
		o.sent = 0
	}
	if o.queued < c.options.SendBuffer {
		o.notifyRoom()
	}
}

// flushed looks after what waits for an empty queue.
func (c *Channel) flushed() {
	o := &c.out
	if o.queue.len() > 0 {
		return
	}
	if o.refused {
		o.refused = false
		c.loop.Post(c.handler.HandleWritable)
	}
	if c.state == disconnecting && o.drained() {
		c.loop.Post(func() { c.end(nil) })
	}
}

// unblock goes on writing once the socket has room, or time has passed.
func (c *Channel) unblock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == disconnected {
		return
	}
	c.out.blocked, c.out.stalled = false, false
	c.flushLocked()
	c.watch()
}

// failed ends a channel that cannot be written, once what the peer had still sent has been read.
func (c *Channel) failed(err error) {
	if errors.Is(err, ErrDisconnected) {
		err = nil
	}
	c.Drain()
	c.end(err)
}

// flushSoon has the loop write at the end of its batch. It runs on the loop, with c.mu held.
func (c *Channel) flushSoon() {
	if !c.out.deferred {
		c.out.deferred = true
		c.loop.Defer(c.out.flush)
	}
}

// acknowledged closes the oldest handle on its way and lets go what was held behind it.
func (c *Channel) acknowledged() error {
	oldest, err := c.oldestHandle()
	if err != nil || oldest.sent == nil {
		return err
	}
	oldest.sent.handle.Close()
	c.letGo()
	return nil
}

// letGo ends the hold that a handle's ACK, or the giving up of it, ends.
func (c *Channel) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.releaseHeld()
	c.flushLocked()
}

// notReceived sends the oldest handle again, or gives it up.
func (c *Channel) notReceived() error {
	oldest, err := c.oldestHandle()
	if err != nil {
		return err
	}
	sent := oldest.sent
	switch {
	case sent == nil:
		c.handler.HandleNACK(oldest.tag)
		return nil
	case sent.retransmissions == mostRetransmissions:
		sent.handle.Close()
		c.options.Warn(fmt.Errorf("nodeipc: %w", ErrHandleNotReceived))
		c.letGo()
		return nil
	}
	sent.retransmissions++
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.queued += len(sent.frame)
	c.out.queue.push(segment{bytes: sent.frame, sent: sent})
	c.flushLocked()
	return nil
}

// oldestHandle is the one that an ACK or NACK is about: they come in the order of the handles.
func (c *Channel) oldestHandle() (unacked, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.unacked.len() == 0 {
		return unacked{}, fmt.Errorf("%w: an ACK for no handle", ErrProtocol)
	}
	oldest := c.out.unacked.pop()
	if o := &c.out; socket.MostHandlesInFlight == 1 && (o.refused || o.queue.len() > 0) {
		c.flushSoon()
	}
	return oldest, nil
}

var _ eventloop.Source = (*Channel)(nil)
