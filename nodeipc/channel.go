package nodeipc

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// Options says how a channel works. The zero value is a channel as Node makes it, with bounds.
type Options struct {
	// Serialization must be the same at both ends. The default is JSON.
	Serialization Serialization
	// MaxMessageSize is how many bytes a message may have, either way; 64 MiB by default.
	MaxMessageSize int
	// SendBuffer is how many bytes may wait for a peer that does not read before Send waits; 1 MiB by default.
	SendBuffer int
	// ReceiveBuffer is how many bytes of messages may wait for Receive before the channel stops reading;
	// 16 MiB by default. A message costs 256 bytes beside its own, and a handle 64 KiB. See [LoopChannel.Keep] for a
	// channel with a Handler.
	ReceiveBuffer int
	// Warn is told of what went wrong without ending the channel. By default it goes to slog. It is called on the channel's
	// loop, and must not block.
	Warn func(error)
	// Loop is what the channel runs on. By default it has one of its own.
	Loop *eventloop.Loop
	// OnMessage, if set, takes the messages that arrive in place of Receive, which then fails at once. It is called on the
	// channel's loop, for one message after the other, must not block, and owns the message's handle. See [Handler] for which of
	// the channel's methods it may call. It may be called before Start, Parent or NewChannel has returned: where it uses what
	// they return, set Paused, and call Resume then. The channel's end is told by Done.
	OnMessage func(Message)
	// Handler takes all that arrives in place of Receive: it is for a protocol on top of the channel, such as that of Node's
	// cluster. A channel has OnMessage or a Handler, not both.
	Handler Handler
	// Paused channels do not read before Resume.
	Paused bool
	// Linger is how long Disconnect waits, once all is sent, for the peer to close its end too, before the channel ends. What
	// the peer still sends meanwhile is dropped. By default it does not wait, as Node's. It is for a child that exits then:
	// its parent learns that the channel has ended before it learns that the process has.
	Linger time.Duration
}

// A Handler takes what arrives on a channel. Its methods are called on the channel's loop, one at a time, and
// must not block.
//
// Of the channel's own methods they may call those that do not wait. On the loop Send, SendHandle and SendHandleKeepOpen do not
// wait either, WaitSocketsClosed and CountSockets fail, and what cannot but wait, Close of a channel with a loop of its own and
// Wait of a child, panics. A goroutine in Receive may run the loop itself, and then nothing of that holds but in
// HandleDisconnect: they would wait for ever.
type Handler interface {
	// HandleOpen is the first call, before anything has been read: it gives the handler what it may do on the loop.
	HandleOpen(LoopChannel)
	// HandleMessage takes a message, and its handle is then the handler's.
	HandleMessage(Message)
	// HandleInternal takes a message whose cmd begins with NODE_ and that is not the channel's own business.
	// Its payload is valid until the method returns.
	HandleInternal(Message)
	// HandleNACK says that the peer did not receive the handle that was offered with tag.
	HandleNACK(tag uint32)
	// HandleWritable says that [LoopChannel.Offer] may succeed again after ErrWouldBlock.
	HandleWritable()
	// HandleDisconnect is the last call: the channel has ended, with the error that ended it, nil for an
	// orderly end.
	HandleDisconnect(error)
}

// A LossHandler is a [Handler] that answers for messages whose handles did not arrive.
type LossHandler interface {
	Handler
	// HandleLost takes an internal message whose handle did not arrive, because this process has as many descriptors
	// open as it may, say. It gives what answers for the message, which is called once the peer has been told that the
	// handle came, and until whose return the payload is valid; or nil, and the peer is told to send the handle again.
	HandleLost(Message) (answer func())
}

// bareHandler is what the handlers of this package have in common: a plain parent or child has no business but the channel's.
type bareHandler struct{}

func (bareHandler) HandleOpen(LoopChannel) {}

// HandleInternal has nobody to give the message to.
func (bareHandler) HandleInternal(m Message) { closeHandle(m.Handle) }

func (bareHandler) HandleNACK(uint32) {}

func (bareHandler) HandleWritable() {}

func (bareHandler) HandleDisconnect(error) {}

// messageHandler is the handler of a channel with Options.OnMessage.
type messageHandler struct {
	bareHandler
	call func(Message)
}

func (h messageHandler) HandleMessage(m Message) { h.call(m) }

// state is the life of a channel; it only moves forward.
type state uint8

const (
	connected     state = iota
	disconnecting       // nothing new may be sent; what was sent before goes out first
	lingering           // all is sent; the peer has to close its end
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
	linger   *time.Timer  // only the loop touches it
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
	setDefault(&o.MaxMessageSize, 64<<20)
	setDefault(&o.SendBuffer, 1<<20)
	setDefault(&o.ReceiveBuffer, 16<<20)
	if o.Warn == nil {
		o.Warn = func(err error) { slog.Warn("nodeipc", "err", err) }
	}
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

func setDefault(n *int, to int) {
	if *n <= 0 {
		*n = to
	}
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
	if c.state == lingering {
		return eventloop.Readable
	}
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

// Connected says whether messages may be sent, as Node's property of that name: no longer once either side
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
	if c.linger != nil {
		c.linger.Stop()
	}
	c.err = err
	close(c.done)
	c.loop.Known(func() { c.handler.HandleDisconnect(err) })
}

// warn tells of what went wrong without ending the channel. It runs on the loop.
func (c *Channel) warn(err error) {
	c.loop.Known(func() { c.options.Warn(err) })
}
