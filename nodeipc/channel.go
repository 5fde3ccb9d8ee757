package nodeipc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// state is where a channel is in its life. It only moves forward.
type state uint8

const (
	connected     state = iota
	disconnecting       // nothing new may be sent, and what was sent before goes out first
	lingering           // all is sent; the peer has to close its end
	disconnected
)

// A Channel is one end of Node's IPC channel, a parent's or a child's. Make one with [Start], [Parent] or [NewChannel]. Its
// methods may be called from any goroutine unless they say otherwise. The zero value is as a channel that was closed.
type Channel struct {
	fd      int
	codec   codec.Codec
	dialect atomic.Uint32 // the peer's codec.Dialect
	options Options
	loop    *eventloop.Loop
	ownLoop bool
	handler Handler
	inbox   *inbox

	incoming   incoming
	forwarding forwarding // only the loop touches it
	closer     handlewrap.Closer
	alarm      alarm        // only the loop touches it
	linger     *time.Timer  // only the loop touches it
	waiters    atomic.Int32 // how many goroutines wait for what the loop brings on another
	warning    atomic.Bool  // the loop has called Options.Warn
	done       chan struct{}
	err        error

	mu       sync.Mutex
	state    state
	interest eventloop.Events
	paused   bool // by Pause
	full     bool // because too many messages wait in the inbox
	closing  bool // because too many descriptors of the peer's wait to be closed
	outrun   bool // because too much of what it forwards waits at the other channel
	out      outgoing
	sockets  socketCounts
	requests requests
}

// NewChannel makes a channel of a connected Unix stream socket, which then belongs to the channel. It fails when fd is no such
// socket, when the options are not valid, and when the system has no descriptors left for a loop. On an error fd stays open and
// belongs to the caller.
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
	c.out.flush, c.out.maxCoalesced = c.flush, maxCoalesced
	c.incoming.handles.closer = &c.closer
	c.closer.OnFull = func(full bool) { c.loop.Post(func() { c.hold(&c.closing, full) }) }
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

// open gives the channel its socket, and begins to read.
func (c *Channel) open(fd int) error {
	if err := socket.SetNonblock(fd); err != nil {
		return err
	}
	if c.codec == codec.Advanced && c.options.NodeVersion < firstNodeOfLargeReads {
		if err := socket.SetSendBuffer(fd, advancedSendBuffer); err != nil {
			return err
		}
		c.out.maxCoalesced = maxAdvancedCoalesced
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fd = fd
	c.interest = c.wantedEvents()
	c.handler.HandleOpen(LoopChannel{c})
	if err := c.loop.Add(fd, c.interest, (*channelSource)(c)); err != nil {
		c.fd = -1
		return err
	}
	return nil
}

// isZero reports whether c never had a socket: it is a zero Channel, or that of a zero [Child] or [LoopChannel].
func (c *Channel) isZero() bool { return c == nil || c.loop == nil }

// alwaysDone is the Done of a channel or child that was never opened.
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

// wantedEvents returns what the loop has to watch for. The caller holds c.mu.
func (c *Channel) wantedEvents() (events eventloop.Events) {
	if c.state == lingering {
		return eventloop.Readable
	}
	if !c.paused && !c.full && !c.closing && !c.outrun {
		events |= eventloop.Readable
	}
	if c.out.blocked {
		events |= eventloop.Writable
	}
	return events
}

// watch tells the loop when wantedEvents has changed. The caller holds c.mu.
func (c *Channel) watch() {
	if events := c.wantedEvents(); c.state != disconnected && events != c.interest {
		c.interest = events
		c.loop.SetInterest(c.fd, events)
	}
}

// Pause stops reading until Resume, so that the peer soon cannot write. It does not wait, and a message that is being handled
// still arrives. Handles that were sent are not acknowledged meanwhile.
func (c *Channel) Pause() { c.setPaused(true) }

// Resume ends a pause. It does not wait.
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

// Connected reports whether messages may be sent, as process.connected does in Node. It is false once either side has asked to
// disconnect.
func (c *Channel) Connected() bool {
	if c.isZero() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == connected
}

// Done returns a Go channel that is closed once the channel has ended. It is Node's 'disconnect' event. Messages that came before
// can still be received.
func (c *Channel) Done() <-chan struct{} {
	if c.isZero() {
		return alwaysDone
	}
	c.loop.Resume()
	return c.done
}

// Err returns what ended the channel, once Done is closed: nil when either side disconnected in good order, else what went wrong,
// such as ErrProtocol, ErrMessageTooLarge, or io.ErrUnexpectedEOF for an end within a message. Before, it returns nil.
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

// endError returns ErrDisconnected with what ended the channel, which is done.
func (c *Channel) endError() error {
	if c.err != nil {
		return fmt.Errorf("%w: %w", ErrDisconnected, c.err)
	}
	return ErrDisconnected
}

// Receive waits for the next message and returns it. The message's handle, if it has one, belongs to the caller. Messages are
// kept from the channel's beginning on, so that none is missed by a late first call.
//
// After the last message it returns an error that matches ErrDisconnected, and what Err returns. It returns ctx's error when ctx
// ends first. On a channel with a Handler it returns what the handler has passed to [LoopChannel.Keep]. On one with OnMessage it
// fails at once. It must not be called on the channel's loop.
func (c *Channel) Receive(ctx context.Context) (Message, error) {
	if c.isZero() {
		return Message{}, ErrDisconnected
	}
	if c.options.OnMessage != nil {
		return Message{}, errOnMessage
	}
	return c.inbox.next(ctx)
}

// Disconnect ends the channel in good order, as Node's disconnect() does. From now on nothing may be sent. What was sent before
// goes out first, and the handles in it are acknowledged. Disconnect does not wait: Done tells when the channel has ended. It
// returns ErrDisconnected when either side has disconnected before.
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
		c.loop.Post(c.finish)
		return nil
	}
	c.flushLocked()
	return nil
}

// finish ends a channel that has sent all, once the peer has closed its end if that is to be waited for. It runs on the loop.
func (c *Channel) finish() {
	c.mu.Lock()
	if c.state == disconnecting && c.options.Linger > 0 && socket.CloseWrite(c.fd) == nil {
		c.state = lingering
		c.watch()
		c.incoming.drops = true
		c.linger = time.AfterFunc(c.options.Linger, func() { c.loop.Post(func() { c.end(nil) }) })
	}
	lingers := c.state == lingering
	c.mu.Unlock()
	if !lingers {
		c.end(nil)
	}
}

// Close ends the channel at once, waits until it has ended, and frees what it held: messages that nobody has received, and their
// handles. What was sent and not yet written may be lost. It returns nil, and may be called twice.
//
// On the channel's loop Close panics, because it would wait for itself, unless that loop came with Options.Loop.
func (c *Channel) Close() error {
	if c.isZero() {
		return nil
	}
	if c.ownLoop && c.loop.IsCurrent() {
		panic("nodeipc: Close of a channel by a function that its loop runs, which it would wait for: call Disconnect, or Close on another goroutine")
	}
	c.closeNow()
	c.release()
	if !c.loop.IsCurrent() {
		c.closer.Wait()
	}
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
			c.closer.CloseLater(c.fd)
		}
	}
	handles := c.out.abandon()
	c.sockets.abandon()
	c.mu.Unlock()
	for _, h := range handles {
		c.closer.CloseHandle(h)
	}
	c.incoming.abandon()
	c.alarm.end()
	if c.linger != nil {
		c.linger.Stop()
	}
	c.err = err
	close(c.done)
	c.loop.Known(func() { c.handler.HandleDisconnect(err) })
}

// warn tells Options.Warn of an error that does not end the channel. It runs on the loop.
func (c *Channel) warn(err error) {
	c.warning.Store(true)
	defer c.warning.Store(false)
	c.loop.Known(func() { c.options.Warn(err) })
}
