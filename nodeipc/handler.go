package nodeipc

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

// A ChildHandler is the handler of a child's channel that wants to know of the process too. Its methods are
// called on the channel's loop.
type ChildHandler interface {
	Handler
	// HandleStart is the first call: the process runs.
	HandleStart(*Child)
	// HandleExit says how the process ended. All that it had sent has been handled before. It may come before or
	// after HandleDisconnect.
	HandleExit(ExitStatus)
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
