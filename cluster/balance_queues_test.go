package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// newTargets makes targets whose workers keep up, on enough CPUs.
func newTargets(b Balancer, n int) (targets []*Target) {
	return newTargetsOn(b, n, n)
}

// newTargetsOn makes targets that are oversubscribed if there are more than maxTargets.
func newTargetsOn(b Balancer, maxTargets, n int) (targets []*Target) {
	d := &dispatcher{primary: &Primary{begun: time.Now()}, balancer: b, maxTargets: maxTargets, targets: n}
	for range n {
		target := newTarget(d, &Worker{})
		target.gone, target.window = false, maxInFlight
		b.Join(target)
		targets = append(targets, target)
	}
	return targets
}

// take gives a connection to the target that is next.
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

func pause(b Balancer, target *Target, paused bool) {
	target.paused = paused
	b.Changed(target)
}

func TestQueuesGoRound(t *testing.T) {
	queues := newTargetQueues()
	targets := newTargets(queues, 3)
	for i := range maxInFlight * len(targets) {
		if target := take(queues); target != targets[i%3] {
			t.Fatalf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), i%3)
		}
	}
	if target := queues.Next(Connection{}); target != nil {
		t.Error("a full target is next")
	}
	answerOne(queues, targets[1])
	if target := take(queues); target != targets[1] || queues.Next(Connection{}) != nil {
		t.Error("the one target with room is not next, or still is when it has none")
	}
}

// The target with the fewest connections in flight is next, and of several the one that has waited longest.
func TestQueuesPreferTheLeastBusy(t *testing.T) {
	queues := newTargetQueues()
	targets := newTargets(queues, 2)
	for range 4 {
		take(queues)
	}
	for range 2 {
		answerOne(queues, targets[0])
	}
	for i, want := range []int{0, 0, 1, 0, 1} {
		if target := take(queues); target != targets[want] {
			t.Errorf("connection %d goes to target %d, want %d", i, slices.Index(targets, target), want)
		}
	}
}

func TestPausedTargetsGetNothing(t *testing.T) {
	queues := newTargetQueues()
	targets := newTargets(queues, 2)
	take(queues)
	pause(queues, targets[0], true)
	answerOne(queues, targets[0])
	for range maxInFlight {
		if target := take(queues); target != targets[1] {
			t.Fatal("a paused target is next")
		}
	}
	if queues.Next(Connection{}) != nil {
		t.Error("somebody is next though one is paused and the other full")
	}
	pause(queues, targets[0], false)
	if queues.Next(Connection{}) != targets[0] {
		t.Error("a target is not next after resume")
	}
	targets[0].gone = true
	queues.Leave(targets[0])
	if queues.Next(Connection{}) != nil {
		t.Error("a target that has gone is next")
	}
}

// After any calls in any order, each target that is available is in its place, and no other is in a queue.
func TestQueuesInAnyOrder(t *testing.T) {
	queues := newTargetQueues()
	targets := newTargets(queues, 5)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		target := targets[random.IntN(len(targets))]
		switch random.IntN(5) {
		case 0, 1:
			take(queues)
		case 2:
			if target.inFlight > 0 {
				answerOne(queues, target)
			}
		case 3:
			pause(queues, target, true)
		default:
			pause(queues, target, false)
		}
		expectPlaces(t, queues, targets)
	}
}

func expectPlaces(t *testing.T, queues *targetQueues, targets []*Target) {
	t.Helper()
	found := map[*Target]int{}
	for i := range queues.queues {
		queue := &queues.queues[i][0]
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
		if !target.paused && target.inFlight < maxInFlight {
			want = 1
		}
		if found[target] != want {
			t.Fatalf("target %d with %d on their way, paused %v, stands %d times, want %d", i, target.inFlight, target.paused, found[target], want)
		}
	}
}

// Choosing costs the same with few targets and with many.
func BenchmarkTargetQueues(b *testing.B) {
	for _, n := range []int{2, 1000} {
		b.Run("", func(b *testing.B) {
			queues := newTargetQueues()
			newTargets(queues, n)
			for b.Loop() {
				target := take(queues)
				answerOne(queues, target)
			}
		})
	}
}
