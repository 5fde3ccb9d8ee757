//go:build !portable

package cluster

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// slotsModel is the sockets of a group, to which things happen on the primary's loop.
type slotsModel struct {
	*groupSlots
	t *testing.T
}

func newSlotsModel(t *testing.T, by rendezvous.By, taken int) slotsModel {
	t.Helper()
	p := newTestPrimary(t, SchedRR)
	bound, err := bind.Stream(bind.Request{FD: -1, Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	slots, err := newGroupSlots(p, bound.FD, 16, by)
	if err != nil {
		t.Fatal(err)
	}
	m := slotsModel{slots, t}
	t.Cleanup(func() { p.loop.Call(slots.close) })
	for n := range taken {
		m.take(n)
	}
	return m
}

// take takes a slot, which has to be this one.
func (m slotsModel) take(want int) {
	m.expect(want, func(t handlewrap.Type) (int, *handlewrap.Handle, error) { return m.groupSlots.take(t, false) })
}

// takeAfter takes a slot for a successor, which has to be this one.
func (m slotsModel) takeAfter(before, want int) {
	m.expect(want, func(t handlewrap.Type) (int, *handlewrap.Handle, error) {
		return m.groupSlots.takeAfter(before, t, false)
	})
}

// takeStandby takes a slot for a worker on standby, which has to be this one.
func (m slotsModel) takeStandby(before, want int) {
	m.expect(want, func(t handlewrap.Type) (int, *handlewrap.Handle, error) {
		n, h, steered, err := m.groupSlots.takeStandby(before, t, false)
		if !steered {
			m.t.Error("the kernel may choose the socket of a worker on standby")
		}
		return n, h, err
	})
}

func (m slotsModel) expect(want int, take func(handlewrap.Type) (int, *handlewrap.Handle, error)) {
	m.t.Helper()
	m.primary.loop.Call(func() {
		n, h, err := take(handlewrap.NetNative)
		if err != nil || n != want {
			m.t.Errorf("slot %d is taken (%v), want %d", n, err, want)
			return
		}
		h.Close()
	})
}

// after does something, and expects among which slots the kernel chooses then, and whether it was told anything.
func (m slotsModel) after(what string, do func(), want []int, told bool) {
	m.t.Helper()
	m.primary.loop.Call(func() {
		before := m.among
		do()
		if got := m.sockets(); !slices.Equal(got, want) {
			m.t.Errorf("%s: the kernel chooses among %v, want %v", what, got, want)
		}
		if (&before[0] != &m.among[0]) != told {
			m.t.Errorf("%s: the kernel was told something: %v, want %v", what, !told, told)
		}
	})
}

// sockets are those that the kernel chooses among, by their places.
func (m slotsModel) sockets() (sockets []int) {
	for _, c := range m.among {
		sockets = append(sockets, c.Socket)
	}
	return sockets
}

// What happens to the slots tells the kernel something only where it must.
func TestKernelIsToldLittle(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, by := range []rendezvous.By{rendezvous.ByFlow, rendezvous.ByAddress} {
		m := newSlotsModel(t, by, 3)
		all := []int{0, 1, 2}
		m.after("a death", func() { m.vacateFor(1, time.Hour) }, all, false)
		m.after("a successor", func() { m.take(1) }, all, false)
		m.after("one that is to leave", func() { m.retire(0) }, []int{1, 2}, true)
		m.after("one more, while that has its socket", func() { m.take(3) }, m.orByPlace([]int{1, 2, 3}, []int{3, 1, 2}), true)
		m.after("it has let go of it", func() { m.vacate(0) }, m.orByPlace([]int{1, 2, 3}, []int{3, 1, 2}), false)
		m.after("its slot is taken", func() { m.take(0) }, m.orByPlace([]int{0, 1, 2, 3}, []int{3, 1, 2, 0}), true)
		m.after("several deaths", func() { m.vacateFor(0, time.Hour); m.vacateFor(3, time.Hour) }, m.orByPlace([]int{0, 1, 2, 3}, []int{3, 1, 2, 0}), false)
	}
}

// orByPlace are the sockets where clients have no place, or where the fourth has got the place of the first.
func (m slotsModel) orByPlace(byFlow, byAddress []int) []int {
	if m.by == rendezvous.ByFlow {
		return byFlow
	}
	return byAddress
}

// A successor gets the place of the worker before it when that leaves, however it leaves, and no client of another moves.
func TestSuccessorTakesThePlace(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, leave := range map[string]func(*groupSlots, int){
		"asked to": (*groupSlots).retire,
		"at once":  (*groupSlots).vacate,
		"by death": func(s *groupSlots, n int) { s.vacateFor(n, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newSlotsModel(t, rendezvous.ByAddress, 3)
			m.after("a successor", func() { m.takeAfter(1, 3) }, []int{0, 1, 2}, false)
			m.after("it dies", func() { m.vacateFor(3, time.Hour) }, []int{0, 1, 2}, false)
			m.after("another", func() { m.takeAfter(1, 3) }, []int{0, 1, 2}, false)
			m.after("the one before it leaves", func() { leave(m.groupSlots, 1) }, []int{0, 3, 2}, true)
			m.after("it has let go of its socket", func() { m.vacate(1) }, []int{0, 3, 2}, false)
			m.after("one more", func() { m.take(1) }, []int{0, 3, 2, 1}, true)
			m.after("the first one's successor", func() { m.takeAfter(0, 4) }, []int{0, 3, 2, 1}, false)
		})
	}
}

// A worker on standby gets nothing before it is activated, and then the place that it is to have.
func TestSlotOnStandby(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newSlotsModel(t, rendezvous.ByAddress, 3)
	m.after("a successor on standby", func() { m.takeStandby(1, 3) }, []int{0, 1, 2}, true)
	m.after("it is activated", func() { m.activate(3) }, []int{0, 1, 2}, false)
	m.after("the one before it leaves", func() { m.retire(1) }, []int{0, 3, 2}, true)
	m.after("it has let go of its socket", func() { m.vacate(1) }, []int{0, 3, 2}, false)
	m.after("one on standby that ends", func() { m.takeStandby(-1, 1); m.vacate(1) }, []int{0, 3, 2}, true)
	m.after("one without a worker before it", func() { m.takeStandby(-1, 1) }, []int{0, 3, 2}, true)
	m.after("a death", func() { m.vacateFor(3, time.Hour) }, []int{0, 3, 2}, false)
	m.after("it is activated", func() { m.activate(1) }, []int{0, 1, 2}, true)
	m.after("a successor whose predecessor dies", func() { m.takeStandby(1, 3); m.vacateFor(1, time.Hour) }, []int{0, 1, 2}, true)
	m.after("another one is started there", func() { m.take(1) }, []int{0, 1, 2}, false)
	m.after("the successor is activated", func() { m.activate(3) }, []int{0, 1, 2}, false)
	m.after("that one leaves", func() { m.retire(1) }, []int{0, 3, 2}, true)
}

// A slot for which no successor comes in time gets nothing more.
func TestVacantSlotIsGivenUp(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newSlotsModel(t, rendezvous.ByFlow, 3)
	m.primary.loop.Call(func() { m.vacateFor(1, 10*time.Millisecond) })
	isGiven := func() (given bool) {
		m.primary.loop.Call(func() { given = slices.Equal(m.sockets(), []int{0, 2}) })
		return given
	}
	nodetest.Await(t, func() {
		for !isGiven() {
			runtime.Gosched()
		}
	}, "the kernel chooses among the others")
}
