//go:build unix

package eventloop

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Ticks come at their interval beside what is posted and read, and no more once they have ended.
func TestTicks(t *testing.T) {
	l := newLoop(t)
	ticks := make(chan time.Time)
	n := 0
	l.Call(func() {
		l.SetTick(5*time.Millisecond, func() {
			if n++; n == 4 {
				l.SetTick(0, nil)
				close(ticks)
				return
			}
			ticks <- time.Now()
		})
	})
	last := nodetest.Receive(t, ticks, "the first tick")
	for range 2 {
		l.Call(func() {})
		next := nodetest.Receive(t, ticks, "a tick")
		if pause := next.Sub(last); pause < 4*time.Millisecond {
			t.Errorf("a tick after %v", pause)
		}
		last = next
	}
	if _, ok := <-ticks; ok {
		t.Error("a tick after the last")
	}
	settle(t, l)
	l.Call(func() {})
	if n != 4 {
		t.Errorf("%d ticks", n)
	}
}
