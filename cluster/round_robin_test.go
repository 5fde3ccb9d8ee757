package cluster

import (
	"slices"
	"testing"
)

// In a crowd, connections that come together go to one, up to its limit, and then to
// the next; a connection that comes when all are answered goes to the next at once.
func TestCrowdWakesOneByOne(t *testing.T) {
	r := newRoundRobin()
	members := newCrowd(r, 3, 4)
	for i := range mostInFlight * len(members) {
		if m := take(r); m != members[i/mostInFlight] {
			t.Fatalf("connection %d goes to member %d, want %d", i, slices.Index(members, m), i/mostInFlight)
		}
	}
	if m := r.Next(Connection{}); m != nil {
		t.Error("a full member is next")
	}
	for _, m := range members {
		for range mostInFlight {
			answerOne(r, m)
		}
	}
	for i := range 2 * len(members) {
		m := take(r)
		if m != members[i%4] {
			t.Errorf("connection %d goes to member %d, want %d", i, slices.Index(members, m), i%4)
		}
		answerOne(r, m)
	}
}

// A worker that is never without connections has no longer turn for that.
func TestTurnsOfABusyWorkerEnd(t *testing.T) {
	r := newRoundRobin()
	members := newCrowd(r, 1, 2)
	got := map[*Member]int{}
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
	if a, b := got[members[0]], got[members[1]]; a+b != 300 || a-b > mostInTurn || b-a > mostInTurn {
		t.Errorf("one has %d connections, the other %d", a, b)
	}
}

// Where there is no crowd each connection goes to the next.
func TestFewWakeTogether(t *testing.T) {
	r := newRoundRobin()
	members := newCrowd(r, 3, 3)
	for i := range members {
		if m := take(r); m != members[i] {
			t.Errorf("connection %d goes to member %d", i, slices.Index(members, m))
		}
	}
}

// A worker that has gone, or rests, gets no more of those that come together.
func TestWorkerThatGoesWhileItWakes(t *testing.T) {
	r := newRoundRobin()
	members := newCrowd(r, 1, 3)
	take(r)
	members[0].gone = true
	r.Leave(members[0])
	if m := take(r); m != members[1] {
		t.Errorf("member %d is next after the first has gone", slices.Index(members, m))
	}
	suspend(r, members[1], true)
	if m := take(r); m != members[2] {
		t.Errorf("member %d is next while the second rests", slices.Index(members, m))
	}
}
