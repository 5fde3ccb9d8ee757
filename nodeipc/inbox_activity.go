package nodeipc

import "time"

// A program that receives no message between that many checks does not receive. Checks are counted, and the time between them is
// not measured, so that a process that was stopped for a while has the time that is left.
const (
	checkInterval = 100 * time.Millisecond
	maxIdleChecks = 10
)

// receiverActivity is what an inbox knows of whether the program receives.
type receiverActivity struct {
	active     bool // Receive was called in the time of the last maxIdleChecks
	idleChecks int  // since the last Receive
	checking   bool
	dropped    bool // a message was dropped since the last Receive
}

// renew is called by Receive.
func (a *receiverActivity) renew() { a.active, a.idleChecks, a.dropped = true, 0, false }

// hasReceiver reports whether messages are to be kept: the program receives, or the channel has no handler, so that nobody else
// needs what comes behind them. The caller holds b.mu.
func (b *inbox) hasReceiver() bool {
	return b.activity.active || b.channel.options.Handler == nil
}

// scheduleCheck has check run again and again while the inbox is full. The caller holds b.mu.
func (b *inbox) scheduleCheck() {
	if !b.activity.checking && b.channel.options.Handler != nil {
		b.activity.checking = true
		time.AfterFunc(checkInterval, b.check)
	}
}

// check counts the time without Receive, and has the channel read again when that is too long.
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
