//go:build unix

package cluster

import (
	"testing"
	"time"
)

func newTestTarget(p *Primary) *Target {
	d := &dispatcher{primary: p, balancer: newTargetQueues(), scheduled: true, maxTargets: maxTargetsPerCPU}
	target := newTarget(d, &Worker{})
	d.join(target)
	return target
}

// offered sends n connections to a target.
func offered(target *Target, n int) {
	for range n {
		target.inFlight++
		target.dispatcher.changed(target)
	}
}

// answeredIn lets a target answer after exactly took, however long the test takes.
func answeredIn(target *Target, took time.Duration) {
	now := target.dispatcher.now()
	target.measure(now-took, now)
	target.answered()
}

// A target that has answered nothing yet gets one connection, one that answers gets more, up to a limit, and one that is
// slow gets fewer.
func TestWindowFollowsTheAnswers(t *testing.T) {
	target := newTestTarget(&Primary{begun: time.Now()})
	offered(target, 1)
	if target.Available() {
		t.Error("a target that has not answered gets two")
	}
	for range 2 * maxInFlight {
		answeredIn(target, 0)
		offered(target, 1)
	}
	if target.window != maxInFlight {
		t.Errorf("a target that keeps up has a window of %d, want %d", target.window, maxInFlight)
	}
	for range 4 {
		answeredIn(target, 2*slowAnswer)
		offered(target, 1)
	}
	if target.window != 1 {
		t.Errorf("a target that is slow has a window of %d, want 1", target.window)
	}
}

// Where workers are oversubscribed, a target that answers late may have waited for a CPU.
func TestWindowOfOversubscribedWorkers(t *testing.T) {
	target := newTestTarget(&Primary{begun: time.Now()})
	target.window, target.dispatcher.targets = maxInFlight, maxTargetsPerCPU+1
	offered(target, 2)
	if answeredIn(target, 2*slowAnswer); target.window != maxInFlight {
		t.Errorf("after an answer in %v the window is %d, want %d", 2*slowAnswer, target.window, maxInFlight)
	}
	if answeredIn(target, 2*slowAnswerOversubscribed); target.window != maxInFlight/2 {
		t.Errorf("after an answer in %v the window is %d, want %d", 2*slowAnswerOversubscribed, target.window, maxInFlight/2)
	}
}

// A target that refuses gets none for a moment, and then one at a time.
func TestRefusal(t *testing.T) {
	p := newTestPrimary(t, SchedRR)
	p.loop.Call(func() {
		target := newTestTarget(p)
		offered(target, 1)
		for range maxInFlight {
			target.accepted(target.dispatcher.now())
			offered(target, 1)
		}
		target.dispatcher.closed = true // so that the connection, which is none, goes nowhere
		target.refused(Connection{fd: -1})
		if target.Available() {
			t.Error("a target that has refused is available at once")
		}
		target.retry()
		if !target.Available() {
			t.Error("a target that has rested is not available")
		}
		if offered(target, 1); target.Available() {
			t.Error("a target that has refused gets two")
		}
	})
}

// The latency is the longest time, which fades; quick answers in between do not hide it.
func TestLatency(t *testing.T) {
	target := newTestTarget(&Primary{begun: time.Now()})
	target.measure(0, 64*time.Millisecond)
	for _, age := range []time.Duration{1, 2, 3} {
		want := 64 * time.Millisecond >> age
		if l := target.latencyAt(64*time.Millisecond + age*latencyHalfLife); l != want {
			t.Errorf("after %d half-lives the latency is %v, want %v", age, l, want)
		}
	}
	target.measure(64*time.Millisecond, 64*time.Millisecond)
	if l := target.latencyAt(64 * time.Millisecond); l != 64*time.Millisecond {
		t.Errorf("after an answer at once the latency is %v", l)
	}
	target.measure(time.Second, time.Second+50*time.Millisecond)
	if l := target.latencyAt(time.Second + 50*time.Millisecond); l != 50*time.Millisecond {
		t.Errorf("after an answer that took longer than the faded latency it is %v, want 50ms", l)
	}
}

// Of targets with as many connections in flight the quick ones come first, one after the other, until the latency of the slow one has
// faded.
func TestLeastBusy(t *testing.T) {
	b := newLeastBusy()
	targets := newTargets(b, 3)
	d := targets[0].dispatcher
	targets[0].latency, targets[0].measured = 30*time.Millisecond, d.now()
	b.Changed(targets[0])
	for range 20 {
		target := take(b)
		if target == targets[0] {
			t.Fatal("the slow target gets a connection while others have none")
		}
		answerOne(b, target)
	}
	for range 2 {
		take(b)
	}
	if target := take(b); target != targets[0] {
		t.Error("a slow target without connections comes after those that have one")
	}
	answerOne(b, targets[0])
	d.primary.begun = d.primary.begun.Add(-20 * latencyHalfLife)
	for _, target := range targets[1:] {
		answerOne(b, target)
	}
	taken := map[*Target]bool{}
	for range 3 {
		taken[take(b)] = true
	}
	if len(taken) != 3 {
		t.Errorf("%d of 3 targets get a connection when all have long been quick", len(taken))
	}
}
