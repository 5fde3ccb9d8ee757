package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func newMembers(t *turns, n int) (members []*member) {
	for range n {
		m := &member{}
		t.join(m)
		members = append(members, m)
	}
	return members
}

// take gives a connection to whose turn it is.
func take(turns *turns) *member {
	m := turns.next()
	if m != nil {
		turns.took(m)
	}
	return m
}

func TestTurnsGoRound(t *testing.T) {
	var turns turns
	members := newMembers(&turns, 3)
	for i := range window * len(members) {
		if m := take(&turns); m != members[i%3] {
			t.Fatalf("connection %d goes to member %d, want %d", i, slices.Index(members, m), i%3)
		}
	}
	if m := turns.next(); m != nil {
		t.Error("a full member is next")
	}
	members[1].inFlight--
	turns.answered(members[1])
	if m := take(&turns); m != members[1] || turns.next() != nil {
		t.Error("the one member with room is not next, or still is when it has none")
	}
}

// The member with the fewest connections on their way is next, and of several the one that has waited longest.
func TestTurnsPreferTheLeastBusy(t *testing.T) {
	var turns turns
	members := newMembers(&turns, 2)
	for range 4 {
		take(&turns)
	}
	for range 2 {
		members[0].inFlight--
		turns.answered(members[0])
	}
	for i, want := range []int{0, 0, 1, 0, 1} {
		if m := take(&turns); m != members[want] {
			t.Errorf("connection %d goes to member %d, want %d", i, slices.Index(members, m), want)
		}
	}
}

func TestSuspendedMembersArePassedOver(t *testing.T) {
	var turns turns
	members := newMembers(&turns, 2)
	take(&turns)
	turns.suspend(members[0])
	members[0].inFlight--
	turns.answered(members[0])
	for range window {
		if m := take(&turns); m != members[1] {
			t.Fatal("a suspended member is next")
		}
	}
	if turns.next() != nil {
		t.Error("somebody is next though one is suspended and the other full")
	}
	turns.resume(members[0])
	if turns.next() != members[0] {
		t.Error("a member is not next after resume")
	}
	members[0].gone = true
	turns.remove(members[0])
	turns.resume(members[0])
	if turns.next() != nil {
		t.Error("a member that has gone is next")
	}
}

// A member that has refused gets one connection at a time.
func TestRefusingMemberGetsOne(t *testing.T) {
	var turns turns
	m := newMembers(&turns, 1)[0]
	m.resting = shortestRest
	if take(&turns) != m || turns.next() != nil {
		t.Error("a member that has refused gets none, or two")
	}
	m.resting = 0
	m.inFlight--
	turns.answered(m)
	for i := range window {
		if take(&turns) != m {
			t.Errorf("a member that accepts again gets %d", i)
		}
	}
}

// Whatever happens in whatever order, each member that can take a connection is in its place, and no other.
func TestTurnsInAnyOrder(t *testing.T) {
	var turns turns
	members := newMembers(&turns, 5)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		m := members[random.IntN(len(members))]
		switch random.IntN(5) {
		case 0, 1:
			take(&turns)
		case 2:
			if m.inFlight > 0 {
				m.inFlight--
				turns.answered(m)
			}
		case 3:
			turns.suspend(m)
		default:
			turns.resume(m)
		}
		expectPlaces(t, &turns, members)
	}
}

func expectPlaces(t *testing.T, turns *turns, members []*member) {
	t.Helper()
	found := map[*member]int{}
	for i := range turns.waiting {
		var prev *member
		for m := turns.waiting[i].first; m != nil; m = m.next {
			if m.prev != prev || m.place != &turns.waiting[i] || m.inFlight != i {
				t.Fatalf("member %d stands in queue %d with %d on their way", slices.Index(members, m), i, m.inFlight)
			}
			found[m]++
			prev = m
		}
		if turns.waiting[i].last != prev {
			t.Fatalf("queue %d ends elsewhere", i)
		}
	}
	for i, m := range members {
		want := 0
		if !m.suspended && m.inFlight < window {
			want = 1
		}
		if found[m] != want {
			t.Fatalf("member %d with %d on their way, suspended %v, stands %d times, want %d", i, m.inFlight, m.suspended, found[m], want)
		}
	}
}

// Choosing costs the same with few members and with many.
func BenchmarkTurns(b *testing.B) {
	for _, n := range []int{2, 1000} {
		b.Run("", func(b *testing.B) {
			var turns turns
			newMembers(&turns, n)
			for b.Loop() {
				m := take(&turns)
				m.inFlight--
				turns.answered(m)
			}
		})
	}
}
