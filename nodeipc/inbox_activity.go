package nodeipc

import "time"

// A program that takes no message between so many looks does not listen. They are counted, and the time between them is
// not measured, so that a process that was stopped for a while has the time that is left.
const (
	checkInterval = 100 * time.Millisecond
	maxIdleChecks = 10
)

// attention is what an inbox knows of whether anybody listens.
type receiverActivity struct {
	active     bool // Receive was called lately
	idleChecks int  // looks since then
	checking   bool
	dropped    bool // a message was dropped since then
}

// renew is called when Receive is.
func (a *receiverActivity) renew() { a.active, a.idleChecks, a.dropped = true, 0, false }

// isAttended reports whether messages are to be kept for somebody. Nobody else gets what comes on a channel without a
// handler. b.mu is held.
func (b *inbox) hasReceiver() bool {
	return b.activity.active || b.channel.options.Handler == nil
}

// watchOver looks whether anybody listens for as long as the channel does not read. b.mu is held.
func (b *inbox) scheduleCheck() {
	if !b.activity.checking && b.channel.options.Handler != nil {
		b.activity.checking = true
		time.AfterFunc(checkInterval, b.check)
	}
}

func (b *inbox) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &b.activity
	a.checking = false
	if !b.full || b.closed {
		return
	}
	if a.idleChecks++; a.idleChecks < maxIdleChecks {
		b.scheduleCheck()
		return
	}
	a.active, b.full = false, false
	b.channel.hold(&b.channel.full, false)
}
