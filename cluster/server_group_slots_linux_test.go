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
	m.t.Helper()
	m.primary.loop.Call(func() {
		n, h, err := m.groupSlots.take(handlewrap.NetNative)
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
		if !slices.Equal(m.among, want) {
			m.t.Errorf("%s: the kernel chooses among %v, want %v", what, m.among, want)
		}
		if (&before[0] != &m.among[0]) != told {
			m.t.Errorf("%s: the kernel was told something: %v, want %v", what, !told, told)
		}
	})
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
		m.after("one more, while that has its socket", func() { m.take(3) }, []int{1, 2, 3}, true)
		m.after("it has let go of it", func() { m.vacate(0) }, []int{1, 2, 3}, false)
		m.after("its slot is taken", func() { m.take(0) }, []int{0, 1, 2, 3}, true)
		m.after("several deaths", func() { m.vacateFor(0, time.Hour); m.vacateFor(3, time.Hour) }, []int{0, 1, 2, 3}, false)
	}
}

// A slot for which no successor comes in time gets nothing more.
func TestVacantSlotIsGivenUp(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newSlotsModel(t, rendezvous.ByFlow, 3)
	m.primary.loop.Call(func() { m.vacateFor(1, 10*time.Millisecond) })
	isGiven := func() (given bool) {
		m.primary.loop.Call(func() { given = slices.Equal(m.among, []int{0, 2}) })
		return given
	}
	nodetest.Await(t, func() {
		for !isGiven() {
			runtime.Gosched()
		}
	}, "the kernel chooses among the others")
}
