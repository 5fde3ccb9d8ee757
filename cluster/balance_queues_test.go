package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// newMembers makes targets that keep up.
func newMembers(b Balancer, n int) (targets []*Target) {
	return newCrowd(b, n, n)
}

// newCrowd makes targets that are a crowd if there are more than so many.
func newCrowd(b Balancer, crowd, n int) (targets []*Target) {
	d := &dispatcher{primary: &Primary{begun: time.Now()}, balancer: b, maxUncrowded: crowd, targets: n}
	for range n {
		target := newTarget(d, nil)
		target.window = maxInFlight
		b.Join(target)
		targets = append(targets, target)
	}
	return targets
}

// take gives a connection to whose turn it is.
func take(b Balancer) *Target {
	target := b.Next(Connection{})
	if target != nil {
		target.inFlight++
		b.Changed(target)
	}
	return target
}

func answerOne(b Balancer, target *Target) {
	target.inFlight--
	b.Changed(target)
}

func suspend(b Balancer, target *Target, suspended bool) {
	target.suspended = suspended
	b.Changed(target)
}

func TestTurnsGoRound(t *testing.T) {
	turns := newTargetQueues()
	targets := newMembers(turns, 3)
	for i := range maxInFlight * len(targets) {
		if target := take(turns); target != targets[i%3] {
			t.Fatalf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), i%3)
		}
	}
	if target := turns.Next(Connection{}); target != nil {
		t.Error("a full target is next")
	}
	answerOne(turns, targets[1])
	if target := take(turns); target != targets[1] || turns.Next(Connection{}) != nil {
		t.Error("the one target with room is not next, or still is when it has none")
	}
}

// The target with the fewest connections on their way is next, and of several the one that has waited longest.
func TestTurnsPreferTheLeastBusy(t *testing.T) {
	turns := newTargetQueues()
	targets := newMembers(turns, 2)
	for range 4 {
		take(turns)
	}
	for range 2 {
		answerOne(turns, targets[0])
	}
	for i, want := range []int{0, 0, 1, 0, 1} {
		if target := take(turns); target != targets[want] {
			t.Errorf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), want)
		}
	}
}

func TestSuspendedMembersArePassedOver(t *testing.T) {
	turns := newTargetQueues()
	targets := newMembers(turns, 2)
	take(turns)
	suspend(turns, targets[0], true)
	answerOne(turns, targets[0])
	for range maxInFlight {
		if target := take(turns); target != targets[1] {
			t.Fatal("a suspended target is next")
		}
	}
	if turns.Next(Connection{}) != nil {
		t.Error("somebody is next though one is suspended and the other full")
	}
	suspend(turns, targets[0], false)
	if turns.Next(Connection{}) != targets[0] {
		t.Error("a target is not next after resume")
	}
	targets[0].gone = true
	turns.Leave(targets[0])
	if turns.Next(Connection{}) != nil {
		t.Error("a target that has gone is next")
	}
}

// Whatever happens in whatever order, each target that can take a connection is in its place, and no other.
func TestTurnsInAnyOrder(t *testing.T) {
	turns := newTargetQueues()
	targets := newMembers(turns, 5)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		target := targets[random.IntN(len(targets))]
		switch random.IntN(5) {
		case 0, 1:
			take(turns)
		case 2:
			if target.inFlight > 0 {
				answerOne(turns, target)
			}
		case 3:
			suspend(turns, target, true)
		default:
			suspend(turns, target, false)
		}
		expectPlaces(t, turns, targets)
	}
}

func expectPlaces(t *testing.T, turns *targetQueues, targets []*Target) {
	t.Helper()
	found := map[*Target]int{}
	for i := range turns.waiting {
		queue := &turns.waiting[i][0]
		var prev *Target
		for target := queue.first; target != nil; target = target.place.next {
			if target.place.prev != prev || target.place.queue != queue || target.inFlight != i {
				t.Fatalf("target %d stands in queue %d with %d on their way", slices.Index(targets, target), i, target.inFlight)
			}
			found[target]++
			prev = target
		}
		if queue.last != prev {
			t.Fatalf("queue %d ends elsewhere", i)
		}
	}
	for i, target := range targets {
		want := 0
		if !target.suspended && target.inFlight < maxInFlight {
			want = 1
		}
		if found[target] != want {
			t.Fatalf("target %d with %d on their way, suspended %v, stands %d times, want %d", i, target.inFlight, target.suspended, found[target], want)
		}
	}
}

// Choosing costs the same with few targets and with many.
func BenchmarkTurns(b *testing.B) {
	for _, n := range []int{2, 1000} {
		b.Run("", func(b *testing.B) {
			turns := newTargetQueues()
			newMembers(turns, n)
			for b.Loop() {
				target := take(turns)
				answerOne(turns, target)
			}
		})
	}
}
