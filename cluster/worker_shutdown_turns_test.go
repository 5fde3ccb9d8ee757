package cluster

import (
	"fmt"
	"testing"
	"time"
)

// Whatever has become of the workers at half of the time, those that go on get their signals in their order, in equal steps from half to
// three quarters of it, and no other waits.
func TestSignalTurns(t *testing.T) {
	const quarter = 60 * time.Second
	states := []struct {
		name      string
		life      life
		leftFirst bool
		signalled bool
		goesOn    bool
	}{
		{"it has a connection", listening, false, false, true},
		{"it has left by itself, and has a connection", disconnectedAlive, true, false, true},
		{"it has left", disconnectedAlive, false, false, false},
		{"it has had the signal", listening, false, true, false},
		{"it has ended", deadConnected, false, false, false},
	}
	const workers = 4
	for script := range 5 * 5 * 5 * 5 {
		turns := &signalTurns{quarter: quarter}
		var all []*Worker
		var goOn []bool
		said, left := "", 0
		for ; len(all) < workers; script /= len(states) {
			s := states[script%len(states)]
			w := &Worker{life: newLifeline()}
			w.life.value.Store(int32(s.life))
			w.leftFirst.Store(s.leftFirst)
			w.signalled.Store(s.signalled)
			turns.add(w)
			all, goOn = append(all, w), append(goOn, s.goesOn)
			said += fmt.Sprintf("worker %d: %s; ", len(all), s.name)
			if s.goesOn {
				left++
			}
		}
		turn := 0
		for i, w := range all {
			var want time.Duration
			if goOn[i] {
				if left > 1 {
					want = quarter / time.Duration(left-1) * time.Duration(turn)
				}
				turn++
			}
			if got := turns.wait(w); got != want {
				t.Errorf("%sworker %d waits %v, want %v", said, i+1, got, want)
			}
		}
	}
}

// The turns are fixed by the first worker that asks: those that end or come later change them no more.
func TestSignalTurnsAreFixed(t *testing.T) {
	turns := &signalTurns{quarter: time.Minute}
	var all []*Worker
	for range 3 {
		w := &Worker{life: newLifeline()}
		turns.add(w)
		all = append(all, w)
	}
	last := turns.wait(all[2])
	all[0].life.value.Store(int32(deadDisconnected))
	late := &Worker{life: newLifeline()}
	turns.add(late)
	for i, want := range []time.Duration{0, time.Minute / 2, time.Minute} {
		if got := turns.wait(all[i]); got != want {
			t.Errorf("worker %d waits %v, want %v", i+1, got, want)
		}
	}
	if wait := turns.wait(late); last != time.Minute || wait != 0 {
		t.Errorf("the last worker waits %v, and one that comes late %v", last, wait)
	}
	if wait := (*signalTurns)(nil).wait(late); wait != 0 {
		t.Errorf("a worker alone waits %v", wait)
	}
}
