package nodeipc

import "github.com/nodecluster/nodecluster/nodeipc/internal/codec"

// A LoopChannel is a channel as its [Handler] has it, with what may be called on the channel's loop only, unless it says otherwise:
// within the handler's methods, and in functions that the loop runs. It is how a protocol on top of the channel, such as that of Node's
// cluster, sends without ever waiting. The handler gets it with HandleOpen. The zero value is that of a channel that has ended.
type LoopChannel struct{ channel *Channel }

// Keep puts a message where [Channel.Receive] finds it. It is for a [Handler] that takes internal messages only.
//
// When Options.ReceiveBuffer is full, the channel stops reading for a program that listens: from its first Receive on,
// until the buffer has been full for a second without another. For any other it reads on, so that the handler gets its
// messages. What is to be kept then is dropped, handles too, and Options.Warn is told once, with ErrNotReceived.
func (l LoopChannel) Keep(m Message) {
	if l.channel.isZero() {
		closeHandle(m.Handle)
		return
	}
	l.channel.inbox.HandleMessage(m)
}

// PeerIsBun reports whether the peer has been heard to be a Bun process, which marks its internal messages.
func (l LoopChannel) PeerIsBun() bool {
	return !l.channel.isZero() && codec.IsBun(l.channel.codec, l.channel.speaks())
}

// Fail ends the channel at once with an error, which [Channel.Err] and the handler then get. It is for a peer that breaks
// the rules of the protocol on top.
func (l LoopChannel) Fail(err error) {
	if !l.channel.isZero() {
		l.channel.end(err)
	}
}

// Drain reads what the peer has sent so far and has it handled, and no more: a peer that goes on sending cannot keep the
// loop. It is for the end of a process, of which nothing that it sent is then left out.
func (l LoopChannel) Drain() {
	if !l.channel.isZero() {
		l.channel.drain()
	}
}
