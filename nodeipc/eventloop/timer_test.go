//go:build unix

package eventloop

import (
	"math"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A timer is due beside what is posted and read, not before its time, and once each time that it is set.
func TestTimer(t *testing.T) {
	l := newLoop(t)
	const pause = 5 * time.Millisecond
	due := make(chan time.Time)
	n := 0
	var timer *Timer
	timer = l.NewTimer(func() {
		if n++; n == 4 {
			close(due)
			return
		}
		timer.Reset(pause)
		due <- time.Now()
	})
	l.Call(func() { timer.Reset(pause) })
	last := nodetest.Receive(t, due, "the timer")
	for range 2 {
		l.Call(func() {})
		next := nodetest.Receive(t, due, "the timer again")
		if passed := next.Sub(last); passed < pause-time.Millisecond {
			t.Errorf("a timer that was set to %v is due after %v", pause, passed)
		}
		last = next
	}
	if _, ok := <-due; ok {
		t.Error("the timer is due once too often")
	}
	settle(t, l)
	l.Call(func() {})
	if n != 4 {
		t.Errorf("the timer was due %d times, want 4", n)
	}
}

// Several timers are due in the order of their times, whatever they are set to in between.
func TestTimers(t *testing.T) {
	l := newLoop(t)
	var order []string
	ended := make(chan struct{})
	named := func(name string) *Timer { return l.NewTimer(func() { order = append(order, name) }) }
	l.Call(func() {
		first, second, never, stopped := named("first"), named("second"), named("never"), named("stopped")
		last := l.NewTimer(func() { close(ended) })
		last.Reset(20 * time.Millisecond)
		second.Reset(10 * time.Millisecond)
		first.Reset(time.Hour)
		first.Reset(5 * time.Millisecond)
		never.Reset(math.MaxInt64)
		stopped.Reset(0)
		stopped.Stop()
		stopped.Stop()
	})
	nodetest.Await(t, func() { <-ended }, "the last timer")
	l.Call(func() {})
	if len(order) != 2 || order[0] != "first" || order[1] != "second" {
		t.Errorf("the timers were due in the order %v", order)
	}
}

// A timer that sets itself to no time at all does not keep the loop from what else there is.
func TestTimerOfNoTime(t *testing.T) {
	l := newLoop(t)
	n := 0
	var timer *Timer
	timer = l.NewTimer(func() { n++; timer.Reset(0) })
	l.Call(func() { timer.Reset(0) })
	for seen := 0; seen < 3; {
		l.Call(func() { seen = n })
	}
	l.Call(timer.Stop)
	var before int
	l.Call(func() { before = n })
	settle(t, l)
	l.Call(func() {
		if n != before {
			t.Error("a timer is due that was stopped")
		}
	})
}
