package nodeipc

import (
	"log/slog"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
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
