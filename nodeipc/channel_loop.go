package nodeipc

import (
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// A LoopChannel is a channel as its [Handler] has it. Its methods are called on the channel's loop only, unless they say
// otherwise: within the handler's methods, and in functions that the loop runs. With it a protocol on top of the channel, such as
// that of Node's cluster, sends without ever waiting. The handler gets it with HandleOpen. The zero value is that of a channel
// that has ended.
type LoopChannel struct{ channel *Channel }

// Keep puts a message where [Channel.Receive] finds it. It is for a [Handler] that takes internal messages only. The message's
// handle belongs to the channel until Receive returns it.
//
// When Options.ReceiveBuffer is full, the channel stops reading as long as the program receives: from its first Receive on, until
// the buffer has been full for a second without another. For any other program the channel reads on, so that the handler gets its
// messages. Keep then drops its message and closes the handle, and Options.Warn is told once, with ErrNotReceived.
func (l LoopChannel) Keep(m Message) {
	if l.channel.isZero() {
		closeHandle(m.Handle)
		return
	}
	l.channel.inbox.HandleMessage(m)
}

// PeerIsBun reports whether the peer has been heard to be a Bun process, which marks its internal messages.
func (l LoopChannel) PeerIsBun() bool {
	return !l.channel.isZero() && codec.IsBun(l.channel.codec, l.channel.peerDialect())
}

// CloseFD closes a socket of this process's that the peer has had, such as a connection that it was offered. It never waits, as the
// system's close may: see [handlewrap.Closer].
func (l LoopChannel) CloseFD(fd int) {
	if l.channel.isZero() {
		socket.Close(fd)
		return
	}
	l.channel.closer.Close(fd)
}

// Fail ends the channel at once with an error, which [Channel.Err] and HandleDisconnect then have. It is for a peer that breaks
// the rules of the protocol on top. On a channel that has ended it does nothing.
func (l LoopChannel) Fail(err error) {
	if !l.channel.isZero() {
		l.channel.end(err)
	}
}

// Drain reads what the peer has sent so far and handles it, and no more, so that a peer that goes on sending cannot hold up the
// loop. It is for the end of a process, after which nothing that it has sent is left out.
func (l LoopChannel) Drain() {
	if !l.channel.isZero() {
		l.channel.drain()
	}
}

// HasHungUp reports whether the peer has closed its end, or has ended, though what it has sent before may not be read yet. Of what such a peer
// has not read the system says nothing.
func (l LoopChannel) HasHungUp() bool {
	c := l.channel
	if c.isZero() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == disconnected || socket.HasHungUp(c.fd)
}

// HasUnread reports whether something that was sent waits to be written, or was written and is not read by the peer. Where the system
// does not tell what the peer has read, which is anywhere but on Linux, it reports only on what waits to be written.
func (l LoopChannel) HasUnread() bool {
	c := l.channel
	if c.isZero() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != disconnected && (!c.out.drained() || socket.Unread(c.fd) > 0)
}
