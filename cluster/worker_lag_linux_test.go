package cluster

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLagSummary(t *testing.T) {
	const ms = time.Millisecond
	hundred := make([]lagSample, 100)
	for i := range hundred {
		hundred[i] = lagSample{0, time.Duration(i+1) * ms}
	}
	many := workerLag{}
	for i := range maxLagSamples + 3 {
		many.add(lagSample{time.Duration(i), time.Duration(i) * ms})
	}
	for _, c := range []struct {
		name string
		lag  workerLag
		now  time.Duration
		want Lag
	}{
		{"nothing was measured", workerLag{}, 0, Lag{}},
		{"one", workerLag{samples: []lagSample{{0, 5 * ms}}}, 0, Lag{5 * ms, 5 * ms, 5 * ms}},
		{"two", workerLag{samples: []lagSample{{0, 9 * ms}, {1, 5 * ms}}}, 1, Lag{5 * ms, 5 * ms, 9 * ms}},
		{"a hundred", workerLag{samples: hundred}, 0, Lag{100 * ms, 50 * ms, 99 * ms}},
		{"one is too old", workerLag{samples: []lagSample{{0, 9 * ms}, {1, 5 * ms}}}, lagWindow + 1, Lag{5 * ms, 5 * ms, 5 * ms}},
		{"more than are kept", many, maxLagSamples + 3, Lag{602 * ms, 302 * ms, 596 * ms}},
		{"a ping that was just sent", workerLag{pinged: true, samples: []lagSample{{0, 5 * ms}}}, 9 * ms, Lag{5 * ms, 5 * ms, 5 * ms}},
		{"a ping that was not read", workerLag{pinged: true, seen: true, sent: ms}, 9 * ms, Lag{8 * ms, 8 * ms, 8 * ms}},
	} {
		if got := c.lag.summary(c.now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// measuring makes a primary that measures lags, and a worker of it that is online.
func measuring(t *testing.T, period time.Duration) *fakeWorker {
	t.Helper()
	p := newTestPrimary(t, SchedRR)
	s := p.Settings()
	s.LagPeriod = period
	p.Setup(s)
	w := newFakeWorker(t, p)
	t.Cleanup(w.finish)
	w.write([]byte(`{"cmd":"NODE_CLUSTER","act":"online","seq":0}` + "\n"))
	return w
}

// heard waits until something has come for the worker, and returns it.
func (w *fakeWorker) heard(t *testing.T) string {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(w.end), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, 60_000); err != unix.EINTR {
			break
		}
	}
	b := make([]byte, 1<<20)
	n, err := unix.Read(w.end, b)
	if err != nil || n == 0 {
		t.Fatalf("the worker hears nothing: %d bytes, %v", n, err)
	}
	return string(b[:n])
}

// A worker is sent one message that means nothing, and no other before it has read that.
func TestPing(t *testing.T) {
	w := measuring(t, minLagPeriod)
	poll := []unix.PollFd{{Fd: int32(w.end), Events: unix.POLLIN}}
	unix.Poll(poll, -1)
	const wait = 100 * time.Millisecond
	for w.BlockedFor() < wait { // which the worker does not read in
	}
	if lag := w.Lag(); lag.Last < wait/2 || lag.P50 < wait/2 || lag.P99 < wait/2 {
		t.Errorf("the lag of a worker that has not read for %v is %v", wait, lag)
	}
	heard := w.heard(t)
	if !strings.HasPrefix(heard, `{"cmd":"NODE_CLUSTER","seq":`) || strings.Count(heard, "\n") != 1 {
		t.Errorf("after many periods the worker hears %q", heard)
	}
	next := w.heard(t) // so the first was seen to be read
	if !strings.HasPrefix(next, `{"cmd":"NODE_CLUSTER","seq":`) {
		t.Errorf("and then %q", next)
	}
	if lag := w.Lag(); lag.P99 < wait {
		t.Errorf("the lag of a worker that has not read for %v is %v once it has", wait, lag)
	}
	if waited := w.BlockedFor(); waited >= wait {
		t.Errorf("a worker that has read is blocked for %v", waited)
	}
}

// A ping is not what ends the channel of a worker for which too much waits. That it reads what waits is measured instead.
func TestPingOfOneWhoDoesNotRead(t *testing.T) {
	w := measuring(t, 0)
	w.primary.loop.Call(func() {
		for range 1000 {
			if err := w.onLoop.channel.Post(strings.Repeat("x", 64<<10), nil); err != nil {
				break
			}
		}
	})
	settings := w.primary.Settings()
	settings.LagPeriod = minLagPeriod
	w.primary.Setup(settings)
	const wait = 100 * time.Millisecond
	for w.BlockedFor() < wait {
	}
	if !w.IsConnected() {
		t.Fatal("the channel has ended")
	}
	for w.Lag().Last > 0 && w.BlockedFor() >= wait {
		w.heard(t)
	}
	if lag := w.Lag(); lag.P99 < wait {
		t.Errorf("the lag of a worker that has not read for %v is %v once it has", wait, lag)
	}
}

// The timer runs only while there is something to measure.
func TestLagMeterStops(t *testing.T) {
	w := measuring(t, minLagPeriod)
	m := &w.primary.onLoop.lag
	runs := func() (is bool) {
		w.primary.loop.Call(func() { is = m.due != never })
		return is
	}
	w.heard(t)
	if !runs() {
		t.Error("the timer does not run while a worker does")
	}
	settings := w.primary.Settings()
	settings.LagPeriod = 0
	w.primary.Setup(settings)
	for runs() {
	}
	settings.LagPeriod = time.Hour
	w.primary.Setup(settings)
	w.heard(t)
	settings.LagPeriod = minLagPeriod
	w.primary.Setup(settings)
	w.heard(t)
	last := newFakeWorker(t, w.primary)
	last.finish()
	w.Worker.child.Disconnect()
	for runs() {
	}
}

// lagClock drives the lag meter of a primary without waiting: it puts the primary's clock forward to when the meter is due.
type lagClock struct {
	primary *Primary
	workers []*fakeWorker
	told    *Subscription
}

// newLagClock makes a primary with workers that are online, and begins to measure them.
func newLagClock(t *testing.T, workers int, period, maxLag time.Duration) *lagClock {
	t.Helper()
	c := &lagClock{primary: newTestPrimary(t, SchedRR)}
	online := c.primary.Subscribe(OnlineEvent{})
	for range workers {
		w := newFakeWorker(t, c.primary)
		t.Cleanup(w.finish)
		w.write([]byte(`{"cmd":"NODE_CLUSTER","act":"online","seq":0}` + "\n"))
		if _, err := online.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.workers = append(c.workers, w)
	}
	c.told = c.primary.Subscribe(BlockedEvent{}, UnblockedEvent{})
	c.onLoop(func(m *lagMeter) { m.set(period, maxLag) })
	return c
}

// onLoop runs f with the meter, whose timer never runs by itself.
func (c *lagClock) onLoop(f func(*lagMeter)) {
	c.primary.loop.Call(func() {
		f(&c.primary.onLoop.lag)
		c.primary.onLoop.lag.timer.Stop()
	})
}

// tick puts the clock forward to when the meter is due, and as much further as it is to be late.
func (c *lagClock) tick(late time.Duration) {
	c.onLoop(func(m *lagMeter) {
		c.primary.begun = time.Now().Add(-m.due - late)
		m.tick()
	})
}

// sleeps reports whether the meter has nothing to do before the next period.
func (c *lagClock) sleeps() (is bool) {
	c.onLoop(func(m *lagMeter) { is = m.due == m.round })
	return is
}

// due is when the meter does something next.
func (c *lagClock) due() (due time.Duration) {
	c.onLoop(func(m *lagMeter) { due = m.due })
	return due
}

func (c *lagClock) now() (now time.Duration) {
	c.onLoop(func(*lagMeter) { now = c.primary.now() })
	return now
}

// expectTold expects the next event about a worker, and a time in it that is as long as another or a little longer.
func (c *lagClock) expectTold(t *testing.T, want Event, time, most time.Duration) {
	t.Helper()
	e, err := c.told.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := time
	switch e := e.(type) {
	case BlockedEvent:
		got = e.For
	case UnblockedEvent:
		got = e.After
	}
	if reflect.TypeOf(e) != reflect.TypeOf(want) || got < time || got > most {
		t.Errorf("%T says %v, want %T with %v to %v", e, got, want, time, most)
	}
}

// The primary is woken once for as many workers as are pinged at once, and once more to look. Then it sleeps until the next period, also
// where it tells which workers are blocked.
func TestWakeUpsOfLagPeriod(t *testing.T) {
	const workers = 100
	for _, maxLag := range []time.Duration{0, maxLagPeriod} {
		c := newLagClock(t, workers, maxLagPeriod, maxLag)
		atOnce := maxPingsPerCPU * runtime.GOMAXPROCS(0)
		want := (workers+atOnce-1)/atOnce + 1
		var begun time.Duration
		for period := range 3 {
			if next := c.due(); period > 0 && next < begun+maxLagPeriod {
				t.Errorf("MaxLag %v: period %d comes %v after the last", maxLag, period, next-begun)
			}
			begun = c.due()
			ticks := 0
			for c.tick(0); ; c.tick(0) {
				ticks++
				if c.sleeps() {
					break
				}
				c.readAll(t)
			}
			if ticks != want {
				t.Errorf("MaxLag %v: %d wake-ups in period %d of %d workers, want %d", maxLag, ticks, period, workers, want)
			}
		}
		for i, w := range c.workers {
			if lag := w.Lag(); lag.Last == 0 {
				t.Errorf("the lag of worker %d is %v", i, lag)
			}
		}
	}
}

// readAll has each worker read what has come, if something has.
func (c *lagClock) readAll(t *testing.T) {
	t.Helper()
	c.primary.loop.Call(func() {}) // what was to be written is
	for _, w := range c.workers {
		var b [4096]byte
		n, _, err := unix.Recvfrom(w.end, b[:], unix.MSG_DONTWAIT)
		if err != nil && err != unix.EAGAIN {
			t.Fatal(err)
		}
		if heard := string(b[:max(n, 0)]); strings.Count(heard, "\n") > 1 {
			t.Errorf("a worker hears %q in a period", heard)
		}
	}
}

// A worker is blocked once it has not read for MaxLag, and is looked at seldom from then on. That is told once, and that it goes on.
func TestBlockedEvent(t *testing.T) {
	const maxLag = 2 * time.Second
	c := newLagClock(t, 1, 0, maxLag)
	c.tick(0)
	pinged := c.now()
	ticks := 0
	for c.now()-pinged < time.Minute {
		c.tick(0)
		ticks++
	}
	c.expectTold(t, BlockedEvent{}, maxLag, maxLag+maxLag/10)
	c.readAll(t)
	for !c.sleeps() {
		c.tick(0)
	}
	c.expectTold(t, UnblockedEvent{}, time.Minute, time.Minute+2*maxLagPause)
	// Each look comes after a quarter more of the time, from 1 ms to 4 s, then each second, and the periods are 2 s.
	if most := 38 + 60 + 30; ticks > most {
		t.Errorf("%d wake-ups in a minute, want %d at most", ticks, most)
	}
}

// What has kept the primary too is no sign that a worker is blocked.
func TestBlockedIsJudgedInTime(t *testing.T) {
	const maxLag = 2 * time.Second
	c := newLagClock(t, 1, 0, maxLag)
	c.tick(0)
	c.tick(3 * maxLag)
	c.onLoop(func(m *lagMeter) {
		if l := m.pinged[0].onLoop.lag; !l.seen || l.blocked {
			t.Errorf("a look that comes too late has left %+v", l)
		}
	})
	for c.now() < 5*maxLag {
		c.tick(0)
	}
	c.expectTold(t, BlockedEvent{}, 3*maxLag, 5*maxLag)
}

// Lag is measured as often as one of the settings asks for.
func TestLagPeriod(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct{ period, maxLag, want time.Duration }{
		{0, 0, 0}, {-1, 0, 0}, {s, 0, s}, {ms, 0, 10 * ms}, {0, s, s}, {0, time.Hour, 10 * s}, {100 * ms, s, 100 * ms}, {2 * s, s, s}, {0, 1, 10 * ms},
		{time.Hour, 0, time.Hour},
	} {
		t.Run(fmt.Sprint(c.period, c.maxLag), func(t *testing.T) {
			newLagClock(t, 0, c.period, c.maxLag).onLoop(func(m *lagMeter) {
				if m.period != c.want {
					t.Errorf("the period is %v, want %v", m.period, c.want)
				}
			})
		})
	}
}
