//go:build unix

package pool

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

const mib = 1 << 20

// outlookOf is one at a limit of 100 MiB, where a successor takes 2 s and uses 5 MiB, and a worker takes 1 s to leave.
func outlookOf(used, growth int64) outlook {
	return outlook{limits.Pressure{Used: used * mib, Limit: 100 * mib}, growth * mib, 2 * time.Second, time.Second, 5 * mib}
}

func TestOutlook(t *testing.T) {
	const often = 200 * time.Millisecond
	for _, c := range []struct {
		outlook
		urgent, room bool
		pause        time.Duration
	}{
		{outlook{}, false, true, time.Minute},
		{outlookOf(10, 0), false, true, time.Second},
		{outlookOf(79, 0), false, true, time.Second},
		{outlookOf(60, 20), false, false, often}, // it may be at 80 % by the next look
		{outlookOf(80, 0), false, true, often},
		{outlookOf(80, 4), false, true, often},
		{outlookOf(80, 5), false, false, often},
		{outlookOf(80, 6), true, false, often},
		{outlookOf(79, 30), false, false, often},
		{outlookOf(92, 0), false, true, often},
		{outlookOf(93, 0), false, false, often},
		{outlookOf(93, 1), false, false, often},
		{outlookOf(93, 2), true, false, often},
		{outlookOf(97, 0), true, false, often},
	} {
		if c.isUrgent() != c.urgent || c.hasRoom() != c.room || c.outlook.pause() != c.pause {
			t.Errorf("%s, which grow by %d MiB/s: urgent %t, room for a successor %t, the next look in %v; want %t, %t, %v",
				c.outlook, c.growth/mib, c.isUrgent(), c.hasRoom(), c.outlook.pause(), c.urgent, c.room, c.pause)
		}
	}
	const want = "93 % of the memory limit of 100 MiB are in use (2 MiB/s more)"
	if text := outlookOf(93, 2).String(); text != want {
		t.Errorf("it says %q, want %q", text, want)
	}
}

// Growth is that of the workers that stay, over two seconds.
func TestGrowth(t *testing.T) {
	a, b, c := new(cluster.Worker), new(cluster.Worker), new(cluster.Worker)
	type sizes = map[*cluster.Worker]int64
	begun := time.Now()
	var g growth
	for _, step := range []struct {
		ms    time.Duration
		sizes sizes
		want  int64
	}{
		{0, sizes{a: 100, b: 100}, 0},
		{200, sizes{a: 150, b: 100}, 0}, // it is too soon to tell
		{500, sizes{a: 150, b: 100}, 100},
		{1000, sizes{a: 150, b: 120, c: 500}, 70}, // one has come
		{2000, sizes{a: 150, c: 520}, 25},         // one has gone
		{3000, sizes{a: 150, c: 540}, 20},         // from 1 s on
		{3500, sizes{a: 50, c: 500}, 0},           // there was a collection of garbage
		{60000, sizes{a: 5000, c: 5000}, 0},       // the others are too old
		{61000, sizes{a: 5050, c: 5000}, 50},
	} {
		if got := g.add(begun.Add(step.ms*time.Millisecond), step.sizes); got != step.want {
			t.Errorf("after %d ms they grow by %d a second, want %d", step.ms, got, step.want)
		}
	}
}

// A worker that starts is none that grows.
func TestGrownUp(t *testing.T) {
	now := time.Now()
	young, old, silent := new(cluster.Worker), new(cluster.Worker), new(cluster.Worker)
	all := grownUp([]sized{
		{resident{worker: young, since: now}, 1}, {resident{worker: old, since: now, boot: time.Second}, 2},
		{resident{worker: silent, since: now.Add(-startUp)}, 3},
	}, now)
	if len(all) != 2 || all[old] != 2 || all[silent] != 3 {
		t.Errorf("they are %v", all)
	}
}

// A rest gets longer where memory is short soon after it, and is short again where it was not for long.
func TestRests(t *testing.T) {
	now := time.Now()
	var r rests
	if !r.isOver(now) {
		t.Error("it rests in the beginning")
	}
	for i, step := range []struct{ later, want time.Duration }{
		{0, 10 * time.Second}, {11 * time.Second, 20 * time.Second}, {25 * time.Second, 40 * time.Second}, {41 * time.Second, 80 * time.Second},
		{5 * time.Second, 160 * time.Second}, // it was urgent
		{161 * time.Second, 5 * time.Minute}, {9 * time.Minute, 5 * time.Minute}, {10 * time.Minute, 10 * time.Second},
	} {
		now = now.Add(step.later)
		if r.begin(now); r.pause != step.want || r.isOver(now.Add(step.want-1)) || !r.isOver(now.Add(step.want)) {
			t.Errorf("rest %d takes %v, want %v", i+1, r.pause, step.want)
		}
	}
}

// guardModel is two workers whose memory grows, and a guard with a clock of its own that replaces them.
type guardModel struct {
	guard    *guard
	now      time.Time
	workers  []sized
	leak     float64 // bytes a second of each worker
	most     float64 // that it uses then
	limit    int64
	boot     time.Duration
	replaced int
	peak     int64
}

const (
	// modelFresh is what a new worker of the model uses, and modelLeave how long one takes to leave.
	modelFresh = 40 * mib
	modelLeave = 1200 * time.Millisecond
)

func (m *guardModel) pressure() limits.Pressure {
	p := limits.Pressure{Limit: m.limit}
	for _, w := range m.workers {
		p.Used += w.size
	}
	return p
}

// pass lets time pass, in which the first workers grow: one that starts does not.
func (m *guardModel) pass(d time.Duration, growing int) {
	m.now = m.now.Add(d)
	for i := range m.workers[:growing] {
		w := &m.workers[i]
		w.size = int64(min(float64(w.size)+m.leak*d.Seconds(), m.most))
	}
	m.peak = max(m.peak, m.pressure().Used)
}

func (m *guardModel) start() {
	m.workers = append(m.workers, sized{resident{worker: new(cluster.Worker), since: m.now, fresh: modelFresh, boot: m.boot}, modelFresh})
	m.pass(m.boot, len(m.workers)-1)
}

func (m *guardModel) end(old sized) {
	m.pass(modelLeave, len(m.workers))
	m.workers = slices.DeleteFunc(m.workers, func(w sized) bool { return w.worker == old.worker })
	m.guard.leaveTime.Store(int64(modelLeave))
}

func (m *guardModel) replace(old sized, newFirst bool) {
	if m.replaced++; newFirst {
		m.start()
		m.end(old)
	} else {
		m.end(old)
		m.start()
	}
	m.guard.acted = true
	m.guard.retries.succeed()
}

// run has the guard look and act as long as time is.
func (m *guardModel) run(d time.Duration) {
	g := m.guard
	g.fresh, g.boots = map[int]int64{0: modelFresh}, map[int]time.Duration{0: m.boot}
	o := outlook{Pressure: m.pressure()}
	for end := m.now.Add(d); m.now.Before(end); {
		m.pass(o.pause(), len(m.workers))
		o = g.outlook(m.now, m.pressure(), grownUp(m.workers, m.now))
		if largest, ok := g.largest(m.workers); g.isDue(o, m.now) && ok {
			m.replace(largest, g.forWorker(o, largest).hasRoom())
		}
	}
}

// Whether memory leaks slowly or fast, workers are replaced before the limit is reached, also where a successor takes seconds, and where
// memory stays close to the limit they are replaced now and then.
func TestGuardModel(t *testing.T) {
	const always = 1 << 20
	for _, c := range []struct {
		leak      float64 // of both workers, in MiB a second
		most      float64 // of one, in MiB
		boot      time.Duration
		d         time.Duration
		least, no int // replacements: so many at least, and fewer than that
	}{
		{0.1, always, 500 * time.Millisecond, 4 * time.Hour, 3, 10},
		{10, always, 500 * time.Millisecond, 10 * time.Minute, 15, 40},
		{10, always, 2 * time.Second, 10 * time.Minute, 15, 40},
		{10, always, 5 * time.Second, 10 * time.Minute, 15, 40},
		{25, always, 2 * time.Second, 10 * time.Minute, 40, 100},
		{40, always, 2 * time.Second, 10 * time.Minute, 50, 150},
		{8, 238, time.Second, time.Hour, 2, 25}, // both come to use 93 % again and again
	} {
		t.Run(fmt.Sprintf("%v MiB a second to %v, start in %v", c.leak, c.most, c.boot), func(t *testing.T) {
			m := &guardModel{
				guard: &guard{Pool: &Pool{}, helped: true}, now: time.Now(), limit: 512 * mib, boot: c.boot,
				leak: c.leak / 2 * mib, most: c.most * mib,
			}
			m.start()
			m.start()
			m.run(c.d)
			if m.peak > m.limit || m.replaced < c.least || m.replaced >= c.no {
				t.Errorf("%d workers were replaced in %v, and %d MiB were in use at most; want %d to %d, and %d MiB at most",
					m.replaced, c.d, m.peak/mib, c.least, c.no-1, m.limit/mib)
			}
		})
	}
}
