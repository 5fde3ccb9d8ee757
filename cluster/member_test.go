//go:build unix

package cluster

import (
	"testing"
	"time"
)

func newTestMember(p *Primary) *Member {
	d := &dealer{primary: p, balancer: newTurns(), deferred: true, crowd: fewPerCPU}
	m := newMember(d, nil)
	d.join(m)
	return m
}

// offered puts so many connections on their way to a member.
func offered(m *Member, n int) {
	for range n {
		m.inFlight++
		m.dealer.changed(m)
	}
}

// answeredIn has a member answer after exactly so long, however long the test takes.
func answeredIn(m *Member, took time.Duration) {
	now := m.dealer.now()
	m.measure(now-took, now)
	m.answered()
}

// A member that has answered nothing yet gets one connection, one that answers gets more, up to a limit, and one that is
// slow gets fewer.
func TestWindowFollowsTheAnswers(t *testing.T) {
	m := newTestMember(&Primary{begun: time.Now()})
	offered(m, 1)
	if m.Available() {
		t.Error("a member that has not answered gets two")
	}
	for range 2 * mostInFlight {
		answeredIn(m, 0)
		offered(m, 1)
	}
	if m.window != mostInFlight {
		t.Errorf("a member that keeps up has a window of %d, want %d", m.window, mostInFlight)
	}
	for range 4 {
		answeredIn(m, 2*slow)
		offered(m, 1)
	}
	if m.window != 1 {
		t.Errorf("a member that is slow has a window of %d, want 1", m.window)
	}
}

// In a crowd a member that takes its time may have waited for a CPU.
func TestWindowInACrowd(t *testing.T) {
	m := newTestMember(&Primary{begun: time.Now()})
	m.window, m.dealer.members = mostInFlight, fewPerCPU+1
	offered(m, 2)
	if answeredIn(m, 2*slow); m.window != mostInFlight {
		t.Errorf("after an answer in %v the window is %d, want %d", 2*slow, m.window, mostInFlight)
	}
	if answeredIn(m, 2*slowInCrowd); m.window != mostInFlight/2 {
		t.Errorf("after an answer in %v the window is %d, want %d", 2*slowInCrowd, m.window, mostInFlight/2)
	}
}

// A member that refuses gets none for a moment, and then one at a time.
func TestRefusal(t *testing.T) {
	p := newTestPrimary(t, SchedRR)
	p.loop.Call(func() {
		m := newTestMember(p)
		offered(m, 1)
		for range mostInFlight {
			m.accepted(m.dealer.now())
			offered(m, 1)
		}
		m.dealer.closed = true // so that the connection, which is none, goes nowhere
		m.refused(-1)
		if m.Available() {
			t.Error("a member that has refused is available at once")
		}
		m.retry()
		if !m.Available() {
			t.Error("a member that has rested is not available")
		}
		if offered(m, 1); m.Available() {
			t.Error("a member that has refused gets two")
		}
	})
}

// The latency is the longest time, which fades; quick answers in between do not hide it.
func TestLatency(t *testing.T) {
	m := newTestMember(&Primary{begun: time.Now()})
	m.measure(0, 64*time.Millisecond)
	for _, age := range []time.Duration{1, 2, 3} {
		want := 64 * time.Millisecond >> age
		if l := m.latencyAt(64*time.Millisecond + age*latencyHalfLife); l != want {
			t.Errorf("after %d half-lives the latency is %v, want %v", age, l, want)
		}
	}
	m.measure(64*time.Millisecond, 64*time.Millisecond)
	if l := m.latencyAt(64 * time.Millisecond); l != 64*time.Millisecond {
		t.Errorf("after an answer at once the latency is %v", l)
	}
	m.measure(time.Second, time.Second+50*time.Millisecond)
	if l := m.latencyAt(time.Second + 50*time.Millisecond); l != 50*time.Millisecond {
		t.Errorf("after an answer that took longer than the faded latency it is %v, want 50ms", l)
	}
}

// Of members with as many connections on their way those come first that were quick, in turns, until the slow one's
// slowness has faded.
func TestLeastBusy(t *testing.T) {
	b := newLeastBusy()
	members := newMembers(b, 3)
	d := members[0].dealer
	members[0].latency, members[0].measured = 30*time.Millisecond, d.now()
	b.Changed(members[0])
	for range 20 {
		m := take(b)
		if m == members[0] {
			t.Fatal("the slow member gets a connection while others have none")
		}
		answerOne(b, m)
	}
	for range 2 {
		take(b)
	}
	if m := take(b); m != members[0] {
		t.Error("a slow member without connections comes after those that have one")
	}
	answerOne(b, members[0])
	d.primary.begun = d.primary.begun.Add(-20 * latencyHalfLife)
	for _, m := range members[1:] {
		answerOne(b, m)
	}
	taken := map[*Member]bool{}
	for range 3 {
		taken[take(b)] = true
	}
	if len(taken) != 3 {
		t.Errorf("%d of 3 members get a connection when all have long been quick", len(taken))
	}
}
