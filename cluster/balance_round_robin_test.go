package cluster

import (
	"slices"
	"testing"
)

// Where workers are oversubscribed, connections that come together go to one target, up to its limit, and then to the next. A
// connection that comes when all are answered goes to the next target at once.
func TestOversubscribedWorkersWakeOneByOne(t *testing.T) {
	r := newRoundRobin()
	targets := newTargetsOn(r, 3, 4)
	for i := range maxInFlight * len(targets) {
		if target := take(r); target != targets[i/maxInFlight] {
			t.Fatalf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), i/maxInFlight)
		}
	}
	if target := r.Next(Connection{}); target != nil {
		t.Error("a full target is next")
	}
	for _, target := range targets {
		for range maxInFlight {
			answerOne(r, target)
		}
	}
	for i := range 2 * len(targets) {
		target := take(r)
		if target != targets[i%4] {
			t.Errorf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), i%4)
		}
		answerOne(r, target)
	}
}

// A worker that always has connections in flight gets no more of them in a row.
func TestBatchOfABusyWorkerEnds(t *testing.T) {
	r := newRoundRobin()
	targets := newTargetsOn(r, 1, 2)
	got := map[*Target]int{}
	for range 100 {
		first, second := take(r), take(r)
		got[first]++
		got[second]++
		answerOne(r, first)
		if third := take(r); third != nil {
			got[third]++
			answerOne(r, third)
		}
		answerOne(r, second)
	}
	if a, b := got[targets[0]], got[targets[1]]; a+b != 300 || a-b > maxBatch || b-a > maxBatch {
		t.Errorf("one has %d connections, the other %d", a, b)
	}
}

// Where workers are not oversubscribed, each connection goes to the next target.
func TestFewWakeTogether(t *testing.T) {
	r := newRoundRobin()
	targets := newTargetsOn(r, 3, 3)
	for i := range targets {
		if target := take(r); target != targets[i] {
			t.Errorf("connection %d goes to target %d", i, slices.Index(targets, target))
		}
	}
}

// A target that has left or is paused gets no more of the connections that come together.
func TestWorkerThatGoesWhileItWakes(t *testing.T) {
	r := newRoundRobin()
	targets := newTargetsOn(r, 1, 3)
	take(r)
	targets[0].gone = true
	r.Leave(targets[0])
	if target := take(r); target != targets[1] {
		t.Errorf("target %d is next after the first has gone", slices.Index(targets, target))
	}
	pause(r, targets[1], true)
	if target := take(r); target != targets[2] {
		t.Errorf("target %d is next while the second rests", slices.Index(targets, target))
	}
}
