package nodeipc

import (
	"log/slog"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// Options says how a channel works. The zero value is a channel as Node makes it, with bounds.
type Options struct {
	// Serialization is how messages are written. It must be the same at both ends. "" means JSON. Start tells the child of it, and
	// Parent does not read it, because the parent has chosen it.
	Serialization Serialization
	// NodeVersion is the major version of the Node process at the other end, 0 if it is not known or no Node. From 20 on, large messages of a
	// channel that is Advanced are written in larger pieces, which is faster: versions before stop reading where much waits to be read.
	NodeVersion int
	// MaxMessageSize is how many bytes a message may have, in either direction. 0 means 64 MiB.
	MaxMessageSize int
	// SendBuffer is how many bytes may wait for a peer that does not read before Send waits. 0 means 1 MiB.
	SendBuffer int
	// ReceiveBuffer is how many bytes of messages may wait for Receive before the channel stops reading. 0 means 16 MiB. A message
	// counts as 256 bytes more than it has, and a handle as 64 KiB. See [LoopChannel.Keep] for a channel with a Handler.
	ReceiveBuffer int
	// Warn is called with errors that do not end the channel, such as ErrHandleNotReceived. It is called on the channel's loop, and
	// must not block. See [Handler] for which methods of the channel it may call. nil means slog.Warn.
	Warn func(error)
	// Loop is what the channel runs on, which this module's own packages share among channels. nil means a loop of its own.
	Loop *eventloop.Loop
	// OnMessage, if not nil, takes the messages in place of Receive, which then fails at once. It is called on the channel's loop,
	// for one message after the other, and must not block. The message's handle belongs to it. See [Handler] for which methods of
	// the channel it may call. The end of the channel is told by Done.
	//
	// OnMessage may be called before Start, Parent or NewChannel has returned. Where it uses what they return, set Paused, and
	// call Resume after they have.
	OnMessage func(Message)
	// Handler, if not nil, takes all that arrives in place of Receive. It is for a protocol on top of the channel, such as that of
	// Node's cluster. A channel with both OnMessage and Handler is refused with an error.
	Handler Handler
	// Paused has the channel not read before [Channel.Resume].
	Paused bool
	// Linger is how long Disconnect waits, once all is sent, for the peer to close its end too, before the channel ends. What
	// the peer still sends meanwhile is dropped. By default it does not wait, as Node's. It is for a child that exits then:
	// its parent learns that the channel has ended before it learns that the process has.
	Linger time.Duration
}

func (o *Options) setDefaults() {
	setDefault(&o.MaxMessageSize, 64<<20)
	setDefault(&o.SendBuffer, 1<<20)
	setDefault(&o.ReceiveBuffer, 16<<20)
	if o.Warn == nil {
		o.Warn = func(err error) { slog.Warn("nodeipc", "err", err) }
	}
}

func setDefault(n *int, to int) {
	if *n <= 0 {
		*n = to
	}
}
