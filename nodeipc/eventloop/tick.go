package eventloop

import "time"

// ticker is what a loop does at intervals. Only the loop touches it.
type ticker struct {
	interval time.Duration // 0 for never
	next     time.Time
	run      func()
}

// SetTick has f run on the loop at intervals, of a millisecond at least, until it is set again; an interval of 0 ends that. It
// costs no timer: the loop's wait is as short. It may be called on the loop only.
func (l *Loop) SetTick(interval time.Duration, f func()) {
	l.ticker = ticker{interval: interval, run: f}
	if interval > 0 {
		l.ticker.next = time.Now().Add(interval)
	}
}

// untilTick is for how long the loop may wait, a negative duration for as long as it likes.
func (l *Loop) untilTick() time.Duration {
	if l.ticker.interval == 0 {
		return -1
	}
	return max(time.Until(l.ticker.next), 0)
}

// runTick runs what is due.
func (l *Loop) runTick() {
	t := &l.ticker
	if t.interval == 0 {
		return
	}
	if now := time.Now(); !now.Before(t.next) {
		t.next = now.Add(t.interval)
		t.run()
	}
}
