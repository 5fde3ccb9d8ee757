package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// newMembers makes members that keep up.
func newMembers(b Balancer, n int) (members []*Member) {
	return newCrowd(b, n, n)
}

// newCrowd makes members that are a crowd if there are more than so many.
func newCrowd(b Balancer, crowd, n int) (members []*Member) {
	d := &dealer{primary: &Primary{begun: time.Now()}, balancer: b, crowd: crowd, members: n}
	for range n {
		m := newMember(d, nil)
		m.window = mostInFlight
		b.Join(m)
		members = append(members, m)
	}
	return members
}

// take gives a connection to whose turn it is.
func take(b Balancer) *Member {
	m := b.Next(Connection{})
	if m != nil {
		m.inFlight++
		b.Changed(m)
	}
	return m
}

func answerOne(b Balancer, m *Member) {
	m.inFlight--
	b.Changed(m)
}

func suspend(b Balancer, m *Member, suspended bool) {
	m.suspended = suspended
	b.Changed(m)
}

func TestTurnsGoRound(t *testing.T) {
	turns := newTurns()
	members := newMembers(turns, 3)
	for i := range mostInFlight * len(members) {
		if m := take(turns); m != members[i%3] {
			t.Fatalf("connection %d goes to member %d, want %d", i, slices.Index(members, m), i%3)
		}
	}
	if m := turns.Next(Connection{}); m != nil {
		t.Error("a full member is next")
	}
	answerOne(turns, members[1])
	if m := take(turns); m != members[1] || turns.Next(Connection{}) != nil {
		t.Error("the one member with room is not next, or still is when it has none")
	}
}

// The member with the fewest connections on their way is next, and of several the one that has waited longest.
func TestTurnsPreferTheLeastBusy(t *testing.T) {
	turns := newTurns()
	members := newMembers(turns, 2)
	for range 4 {
		take(turns)
	}
	for range 2 {
		answerOne(turns, members[0])
	}
	for i, want := range []int{0, 0, 1, 0, 1} {
		if m := take(turns); m != members[want] {
			t.Errorf("connection %d goes to member %d, want %d", i, slices.Index(members, m), want)
		}
	}
}

func TestSuspendedMembersArePassedOver(t *testing.T) {
	turns := newTurns()
	members := newMembers(turns, 2)
	take(turns)
	suspend(turns, members[0], true)
	answerOne(turns, members[0])
	for range mostInFlight {
		if m := take(turns); m != members[1] {
			t.Fatal("a suspended member is next")
		}
	}
	if turns.Next(Connection{}) != nil {
		t.Error("somebody is next though one is suspended and the other full")
	}
	suspend(turns, members[0], false)
	if turns.Next(Connection{}) != members[0] {
		t.Error("a member is not next after resume")
	}
	members[0].gone = true
	turns.Leave(members[0])
	if turns.Next(Connection{}) != nil {
		t.Error("a member that has gone is next")
	}
}

// Whatever happens in whatever order, each member that can take a connection is in its place, and no other.
func TestTurnsInAnyOrder(t *testing.T) {
	turns := newTurns()
	members := newMembers(turns, 5)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		m := members[random.IntN(len(members))]
		switch random.IntN(5) {
		case 0, 1:
			take(turns)
		case 2:
			if m.inFlight > 0 {
				answerOne(turns, m)
			}
		case 3:
			suspend(turns, m, true)
		default:
			suspend(turns, m, false)
		}
		expectPlaces(t, turns, members)
	}
}

func expectPlaces(t *testing.T, turns *turns, members []*Member) {
	t.Helper()
	found := map[*Member]int{}
	for i := range turns.waiting {
		queue := &turns.waiting[i][0]
		var prev *Member
		for m := queue.first; m != nil; m = m.place.next {
			if m.place.prev != prev || m.place.queue != queue || m.inFlight != i {
				t.Fatalf("member %d stands in queue %d with %d on their way", slices.Index(members, m), i, m.inFlight)
			}
			found[m]++
			prev = m
		}
		if queue.last != prev {
			t.Fatalf("queue %d ends elsewhere", i)
		}
	}
	for i, m := range members {
		want := 0
		if !m.suspended && m.inFlight < mostInFlight {
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
			turns := newTurns()
			newMembers(turns, n)
			for b.Loop() {
				m := take(turns)
				answerOne(turns, m)
			}
		})
	}
}
