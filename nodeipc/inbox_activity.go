package nodeipc

import "time"

// A program that takes no message between so many looks does not listen. They are counted, and the time between them is
// not measured, so that a process that was stopped for a while has the time that is left.
const (
	lookInterval = 100 * time.Millisecond
	maxIdle      = 10
)

// attention is what an inbox knows of whether anybody listens.
type attention struct {
	attended bool // Receive was called lately
	idle     int  // looks since then
	looking  bool
	drops    bool // a message was dropped since then
}

// renew is called when Receive is.
func (a *attention) renew() { a.attended, a.idle, a.drops = true, 0, false }

// isAttended reports whether messages are to be kept for somebody. Nobody else gets what comes on a channel without a
// handler. b.mu is held.
func (b *inbox) isAttended() bool {
	return b.listening.attended || b.channel.options.Handler == nil
}

// watchOver looks whether anybody listens for as long as the channel does not read. b.mu is held.
func (b *inbox) watchOver() {
	if !b.listening.looking && b.channel.options.Handler != nil {
		b.listening.looking = true
		time.AfterFunc(lookInterval, b.look)
	}
}

func (b *inbox) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &b.listening
	a.looking = false
	if !b.full || b.closed {
		return
	}
	if a.idle++; a.idle < maxIdle {
		b.watchOver()
		return
	}
	a.attended, b.full = false, false
	b.channel.hold(&b.channel.full, false)
}
