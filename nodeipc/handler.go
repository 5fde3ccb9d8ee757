package nodeipc

// A Handler takes what arrives on a channel. Its methods are called on the channel's loop, one at a time, and must not block.
//
// Its methods may call those of the channel. On the loop these behave as follows:
//
//   - Send, SendHandle, SendConn and the like do not wait: without room they return ErrNotReading at once.
//   - Request, WaitSocketsClosed and CountSockets, which await an answer of the peer, fail at once.
//   - Close of a channel that has a loop of its own, and Wait of a child, panic.
//   - Receive must not be called.
//
// A goroutine that waits in Receive may run the loop itself. The channel does not know that goroutine, except in
// HandleDisconnect: what is said above to fail or to panic waits for ever there. On a channel with Options.OnMessage no goroutine
// does so.
type Handler interface {
	// HandleOpen is the first call, before anything has been read. It gives the handler what it may call on the loop.
	HandleOpen(LoopChannel)
	// HandleMessage takes a user's message. The message's handle belongs to the handler.
	HandleMessage(Message)
	// HandleInternal takes a message whose cmd begins with NODE_ and that is not for the channel itself. Its payload is valid
	// until the method returns, and its handle belongs to the handler.
	HandleInternal(Message)
	// HandleNACK is called when the peer has not received the handle that was offered with tag.
	HandleNACK(tag uint32)
	// HandleWritable is called when [LoopChannel.Offer] may succeed again after ErrWouldBlock.
	HandleWritable()
	// HandleDisconnect is the last call but HandleExit: the channel has ended, with the error that ended it, nil for an end in
	// good order.
	HandleDisconnect(error)
}

// A LossHandler is a [Handler] that answers for messages whose handles did not arrive.
type LossHandler interface {
	Handler
	// HandleLost takes an internal message whose handle did not arrive, for example because this process has too many descriptors
	// open. It returns a function that answers for the message, or nil. The function is called once the peer has been told that
	// the handle came, and the payload is valid until it returns. For nil the peer is told to send the handle again.
	HandleLost(Message) (answer func())
}

// A ChildHandler is the handler of a child's channel that also wants to know of the process. Its methods are called on the
// channel's loop.
type ChildHandler interface {
	Handler
	// HandleStart is called after HandleOpen: the process runs.
	HandleStart(*Child)
	// HandleExit tells how the process ended. All that it had sent has been handled before. HandleDisconnect may be called before
	// or after it.
	HandleExit(ExitStatus)
}

// bareHandler is what the handlers of this package have in common: a plain parent or child uses none of it.
type bareHandler struct{}

func (bareHandler) HandleOpen(LoopChannel) {}

// HandleInternal drops the message: a plain parent or child has no protocol on top.
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
