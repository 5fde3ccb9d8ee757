package cluster

import (
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
		w.primary.loop.Call(func() { is = m.running })
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
