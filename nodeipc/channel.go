package nodeipc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// state is the life of a channel; it only moves forward.
type state uint8

const (
	connected     state = iota
	disconnecting       // nothing new may be sent; what was sent before goes out first
	disconnected
)

// A Channel is one end of Node's IPC channel, a parent's or a child's. Its methods may be called from any
// goroutine unless they say otherwise. The zero value is as a channel that was closed.
type Channel struct {
	fd      int
	codec   codec.Codec
	dialect atomic.Uint32 // the peer's codec.Dialect
	options Options
	loop    *eventloop.Loop
	ownLoop bool
	handler Handler
	inbox   *inbox

	incoming incoming
	alarm    alarm        // only the loop touches it
	waiters  atomic.Int32 // how many wait for what others bring from the loop
	done     chan struct{}
	err      error

	mu       sync.Mutex
	state    state
	interest eventloop.Events
	paused   bool // by Pause
	full     bool // of messages that nobody has received yet
	out      outgoing
	sockets  socketCounts
	requests requests
}

// NewChannel makes a channel of a connected stream socket, which is then the channel's. It fails where fd is no
// socket, the serialization is not known, or the system has no room for a loop, and fd is then still the caller's.
func NewChannel(fd int, o Options) (*Channel, error) {
	c, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := socket.Check(fd); err != nil {
		c.release()
		return nil, err
	}
	if err := c.open(fd); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

var errOnMessage = errors.New("nodeipc: receive: the channel's messages go to Options.OnMessage")

var errTwoHandlers = errors.New("nodeipc: Options.OnMessage and Options.Handler are both set: set one of them")

// prepare makes a channel that has no socket yet.
func prepare(o Options) (*Channel, error) {
	codec, err := codecFor(o.Serialization)
	if err != nil {
		return nil, err
	}
	o.setDefaults()
	c := &Channel{fd: -1, codec: codec, options: o, loop: o.Loop, done: make(chan struct{}), paused: o.Paused}
	c.out.flush = c.flush
	c.inbox = newInbox(c)
	switch {
	case o.Handler != nil && o.OnMessage != nil:
		return nil, errTwoHandlers
	case o.Handler != nil:
		c.handler = o.Handler
	case o.OnMessage != nil:
		c.handler = messageHandler{call: o.OnMessage}
	default:
		c.handler = c.inbox
	}
	if c.loop == nil {
		if c.loop, err = eventloop.New(); err != nil {
			return nil, err
		}
		c.ownLoop = true
	}
	return c, nil
}

// open gives the channel its socket and begins to read.
func (c *Channel) open(fd int) error {
	if err := socket.SetNonblock(fd); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fd = fd
	c.interest = c.wanted()
	c.handler.HandleOpen(LoopChannel{c})
	if err := c.loop.Add(fd, c.interest, (*channelSource)(c)); err != nil {
		c.fd = -1
		return err
	}
	if c.ownLoop {
		c.loop.SetLull(c.lull)
	}
	return nil
}

// isZero reports whether c never had a socket: it is a zero Channel, or that of a zero [Child] or [LoopChannel].
func (c *Channel) isZero() bool { return c == nil || c.loop == nil }

// alwaysDone is the Done of what was never opened.
var alwaysDone = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

func (c *Channel) release() {
	if c.ownLoop {
		c.loop.Close()
	}
}

// channelSource is a channel as its loop calls it.
type channelSource Channel

// Ready reads and writes what the socket allows.
func (s *channelSource) Ready(events eventloop.Events) {
	c := (*Channel)(s)
	if events&eventloop.Readable != 0 {
		c.read()
	}
	if events&eventloop.Writable != 0 {
		c.unblock()
	}
}

// wanted is what the loop has to watch for; c.mu is held.
func (c *Channel) wanted() (events eventloop.Events) {
	if !c.paused && !c.full {
		events |= eventloop.Readable
	}
	if c.out.blocked {
		events |= eventloop.Writable
	}
	return events
}

// watch tells the loop what has changed in what the channel waits for; c.mu is held.
func (c *Channel) watch() {
	if events := c.wanted(); c.state != disconnected && events != c.interest {
		c.interest = events
		c.loop.SetInterest(c.fd, events)
	}
}

// Pause stops reading, so that the peer soon cannot write. ACKs are not seen then either.
func (c *Channel) Pause() { c.setPaused(true) }

// Resume ends a pause.
func (c *Channel) Resume() { c.setPaused(false) }

func (c *Channel) setPaused(paused bool) {
	if !c.isZero() {
		c.hold(&c.paused, paused)
	}
}

// hold sets one of the reasons not to read.
func (c *Channel) hold(reason *bool, holds bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*reason = holds
	c.watch()
}

// Connected reports whether messages may be sent, as Node's property of that name: no longer once either side
// has asked to disconnect.
func (c *Channel) Connected() bool {
	if c.isZero() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == connected
}

// Done is closed once the channel has ended, which is Node's 'disconnect' event. Messages that came before
// can still be received.
func (c *Channel) Done() <-chan struct{} {
	if c.isZero() {
		return alwaysDone
	}
	c.loop.Resume()
	return c.done
}

// Err is what ended the channel once Done is closed: nil when either side disconnected in good order, else
// what went wrong (ErrProtocol, ErrMessageTooLarge, io.ErrUnexpectedEOF within a message, and so on).
func (c *Channel) Err() error {
	if c.isZero() {
		return nil
	}
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// endError is ErrDisconnected with what ended the channel, which is done.
func (c *Channel) endError() error {
	if c.err != nil {
		return fmt.Errorf("%w: %w", ErrDisconnected, c.err)
	}
	return ErrDisconnected
}

// Receive waits for the next message. Messages wait for it from the channel's beginning on. After the last one
// it returns ErrDisconnected, wrapping what Err says, and before that ctx's error when that ends first. Of a
// channel with a Handler it gives what the handler has passed to [LoopChannel.Keep], and of one with OnMessage nothing: it fails
// at once. It must not be called on the channel's loop.
func (c *Channel) Receive(ctx context.Context) (Message, error) {
	if c.isZero() {
		return Message{}, ErrDisconnected
	}
	if c.options.OnMessage != nil {
		return Message{}, errOnMessage
	}
	return c.inbox.next(ctx)
}

// Disconnect ends the channel in good order, as Node's disconnect(): nothing may be sent any more, what was
// sent before goes out first, handles and their ACKs included. It does not wait; Done tells. It returns
// ErrDisconnected when that was asked before.
func (c *Channel) Disconnect() error {
	if c.isZero() {
		return ErrDisconnected
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return ErrDisconnected
	}
	c.state = disconnecting
	c.loop.Resume()
	c.out.notifyRoom()
	if c.out.drained() {
		c.loop.Post(func() { c.end(nil) })
		return nil
	}
	c.flushLocked()
	return nil
}

// Close ends the channel at once, waits until it has ended, and frees what it held: undelivered messages and
// their handles too. It is safe to call twice. On the channel's loop it panics, because it would wait for itself, unless that
// loop came with Options.Loop.
func (c *Channel) Close() error {
	if c.isZero() {
		return nil
	}
	if c.ownLoop && c.loop.IsCurrent() {
		panic("nodeipc: Close of a channel by a function that its loop runs, which it would wait for: call Disconnect, or Close on another goroutine")
	}
	c.closeNow()
	c.release()
	return nil
}

func (c *Channel) closeNow() {
	c.flush()
	c.loop.Call(func() { c.end(nil) })
	c.inbox.close()
}

// end is the one place where a channel ends. It runs on the loop.
func (c *Channel) end(err error) {
	c.mu.Lock()
	if c.state == disconnected {
		c.mu.Unlock()
		return
	}
	c.state = disconnected
	if c.fd >= 0 {
		c.loop.Remove(c.fd)
		if !c.out.flushing {
			socket.Close(c.fd)
		}
	}
	handles := c.out.abandon()
	c.sockets.abandon()
	c.mu.Unlock()
	for _, h := range handles {
		h.Close()
	}
	c.incoming.abandon()
	c.alarm.end()
	c.err = err
	close(c.done)
	c.loop.Known(func() { c.handler.HandleDisconnect(err) })
}

// warn tells of what went wrong without ending the channel. It runs on the loop.
func (c *Channel) warn(err error) {
	c.loop.Known(func() { c.options.Warn(err) })
}
