package eventloop

import (
	"slices"
	"time"
)

// A Timer has a function run on a loop at a time to come. It costs the Go runtime no timer, and no other thread wakes the loop: the loop's
// own wait is as short. Make one with [Loop.NewTimer]. Its methods may be called on the loop only.
type Timer struct {
	loop *Loop
	run  func()
	at   time.Time // of no meaning while it is not set
}

// timers are those of a loop that are set. Only the loop touches them.
type timers struct {
	set  []*Timer
	next time.Time // when the first of them is due
}

// NewTimer makes a timer that is not set. f is called on the loop, once for each time that the timer was set to. It must not block.
func (l *Loop) NewTimer(f func()) *Timer { return &Timer{loop: l, run: f} }

// Reset sets the timer to a duration from now, or to another one if it is set. It is due within a millisecond after that.
func (t *Timer) Reset(d time.Duration) {
	t.at = time.Now().Add(d)
	if !slices.Contains(t.loop.timers.set, t) {
		t.loop.timers.set = append(t.loop.timers.set, t)
	}
	t.loop.timers.update()
}

// Stop has the timer not be set any more.
func (t *Timer) Stop() {
	t.loop.timers.set = slices.DeleteFunc(t.loop.timers.set, func(other *Timer) bool { return other == t })
	t.loop.timers.update()
}

func (ts *timers) update() {
	for i, t := range ts.set {
		if i == 0 || t.at.Before(ts.next) {
			ts.next = t.at
		}
	}
}

// untilNext is for how long the loop may wait, a negative duration for as long as it likes.
func (ts *timers) untilNext() time.Duration {
	if len(ts.set) == 0 {
		return -1
	}
	return max(time.Until(ts.next), 0)
}

// runDue runs what is due. What that sets is not due before the next step of the loop.
func (ts *timers) runDue() {
	if len(ts.set) == 0 {
		return
	}
	for now := time.Now(); len(ts.set) > 0 && !now.Before(ts.next); {
		i := slices.IndexFunc(ts.set, func(t *Timer) bool { return t.at.Equal(ts.next) })
		t := ts.set[i]
		t.Stop()
		t.run()
	}
}
