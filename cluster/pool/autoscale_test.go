//go:build linux

package pool

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// complete gives the autoscaling its defaults.
func (a Autoscale) complete(t *testing.T) Autoscale {
	t.Helper()
	o := Options{Autoscale: a}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	return o.Autoscale
}

// What follows from readings a second apart.
func TestAutoscaleDecisions(t *testing.T) {
	const ms = time.Millisecond
	a := Autoscale{Min: 2, Max: 8, StabilizationWindow: 10 * time.Second}.complete(t)
	repeated := func(n int, lag time.Duration, waiting int) []loadReading {
		return slices.Repeat([]loadReading{{lag: lag, waiting: waiting}}, n)
	}
	quiet := repeated(11, 0, 0)
	for _, c := range []struct {
		name     string
		readings []loadReading
		n, want  int
		reason   string
	}{
		{"nothing was read", nil, 4, 4, ""},
		{"fewer than there may be", nil, 1, 2, "there are to be 2 workers at least"},
		{"more than there may be", nil, 9, 8, "there are to be 8 workers at most"},
		{"too few readings", repeated(4, time.Second, 99), 4, 4, ""},
		{"lag", repeated(5, 20*ms, 0), 4, 6, "workers lag by 20ms"},
		{"lag that is just not too high", repeated(5, 20*ms-1, 0), 4, 4, ""},
		{"lag of a few", repeated(5, 20*ms, 0), 2, 3, "workers lag by 20ms"},
		{"lag of nearly all that there may be", repeated(5, 20*ms, 0), 7, 8, "workers lag by 20ms"},
		{"lag of all that there may be", repeated(5, time.Second, 99), 8, 8, ""},
		{"a queue", repeated(5, 0, 5), 4, 6, "5 connections wait for 4 workers"},
		{"a short queue", repeated(5, 0, 4), 4, 4, ""},
		{"a moment of lag", slices.Concat(quiet, repeated(2, time.Second, 99)), 4, 4, ""},
		{"lag of late", slices.Concat(quiet, repeated(3, time.Second, 0)), 4, 6, "workers lag by 1s"},
		{"lag that is over", slices.Concat(repeated(8, time.Second, 0), repeated(3, 0, 0)), 4, 4, ""},
		{"nothing to do", quiet, 4, 3, "there was little to do for 10s"},
		{"nothing to do for a while", quiet[1:], 4, 4, ""},
		{"nothing to do for the fewest", quiet, 2, 2, ""},
		{"little to do", repeated(11, 5*ms-1, 0), 4, 3, "there was little to do for 10s"},
		{"some to do", repeated(11, 5*ms, 0), 4, 4, ""},
		{"one that waits", repeated(11, 0, 1), 4, 4, ""},
		{"a moment of lag in many", slices.Concat(repeated(15, 0, 0), repeated(1, time.Second, 0), repeated(5, 0, 0)), 4, 3, "there was little to do for 10s"},
		{"two of them", slices.Concat(repeated(13, 0, 0), repeated(2, time.Second, 0), repeated(5, 0, 0)), 4, 4, ""},
	} {
		for i := range c.readings {
			c.readings[i].at = time.Duration(i) * time.Second
		}
		if got, reason := a.decide(c.readings, c.n, a.StabilizationWindow); got != c.want || reason != c.reason {
			t.Errorf("%s: %d, as %q; want %d, as %q", c.name, got, reason, c.want, c.reason)
		}
	}
}

// loadModel is workers with a load, as queues have it: they lag the more the closer the load is to what they can do, and beyond it
// connections wait.
type loadModel struct {
	random  *rand.Rand
	demand  float64 // of so many workers all that they can do
	request float64 // how many milliseconds one takes
}

func (m *loadModel) read(at time.Duration, n int) loadReading {
	used := m.demand / float64(n)
	if used >= 1 {
		return loadReading{at, 200 * time.Millisecond, int(m.demand * 10)}
	}
	lag := used / (1 - used) * m.request * (0.5 + m.random.Float64())
	if m.random.IntN(100) == 0 {
		lag += 30 // a collection of garbage
	}
	return loadReading{at, time.Duration(lag * float64(time.Millisecond)), 0}
}

// Whatever the load is: the number stays within its bounds, grows in time, and does not shrink while there is much to do.
func TestAutoscaleModel(t *testing.T) {
	for seed := range uint64(8) {
		m := &loadModel{random: rand.New(rand.NewPCG(seed, 1)), request: float64(1 + seed)}
		a := Autoscale{Min: 1 + m.random.IntN(3), Max: 8 + m.random.IntN(60)}.complete(t)
		s, n := newScaler(a), a.Min
		overloaded, changed := time.Duration(0), time.Duration(0)
		for at := time.Duration(0); at < 2*time.Hour; at += time.Second {
			if m.random.IntN(600) == 0 {
				m.demand = m.random.Float64() * 40
			}
			to, reason := s.read(m.read(at, n), n)
			switch {
			case to < a.Min || to > a.Max || (to == n) != (reason == ""):
				t.Fatalf("seed %d: %d workers become %d, as %q", seed, n, to, reason)
			case to < n && (to != n-1 || at-changed < a.StabilizationWindow):
				t.Fatalf("seed %d: %d workers become %d, %v after the last change", seed, n, to, at-changed)
			}
			if to != n {
				s.scaled(n, to, at)
				n, changed = to, at
			}
			if m.demand < float64(n) || n == a.Max {
				overloaded = at
			}
			if at-overloaded > time.Minute {
				t.Fatalf("seed %d: %v of work and %d workers for a minute", seed, m.demand, n)
			}
		}
	}
}

// Under a steady load the number changes less and less often.
func TestAutoscaleUnderSteadyLoad(t *testing.T) {
	for demand := 0.1; demand < 10; demand += 0.7 {
		m := &loadModel{random: rand.New(rand.NewPCG(1, 2)), demand: demand, request: 1}
		a := Autoscale{Min: 1, Max: 30}.complete(t)
		s, n, changes := newScaler(a), a.Min, 0
		const day = 24 * time.Hour
		for at := time.Duration(0); at < 2*day; at += 10 * time.Second {
			to, _ := s.read(m.read(at, n), n)
			if to == n {
				continue
			}
			s.scaled(n, to, at)
			if n = to; at > day {
				changes++
			}
		}
		if most := 2 * int(day/(maxWindows*a.StabilizationWindow)); changes > most+2 {
			t.Errorf("the work of %.1f workers: %d changes in a day, want %d", demand, changes, most)
		}
		if demand >= float64(n) {
			t.Errorf("the work of %.1f workers is left to %d", demand, n)
		}
	}
}

// blocking is a server that blocks its event loop for each request.
const blocking = `
	require('http').createServer((request, response) => {
		for (const until = performance.now() + 40; performance.now() < until;);
		response.end();
	}).listen(process.env.PORT, '127.0.0.1');`

// Workers that block have others join them while there is load, which leave when there is none. No request is lost.
func TestAutoscale(t *testing.T) {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	p, err := New(cluster.Settings{
		Exec: nodetest.Script(t, "blocking.js", blocking), ExecPath: nodetest.Default(t).Path, Env: []string{"PORT=" + strconv.Itoa(port)},
		LagPeriod: 50 * time.Millisecond, SchedulingPolicy: cluster.SchedRR,
	}, Options{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	a := &autoscaler{
		Pool: p, scaler: newScaler(Autoscale{Min: 1, Max: 3, StabilizationWindow: time.Second}.complete(t)),
		pause: 100 * time.Millisecond, begun: time.Now(),
	}
	ctx, stop := context.WithCancel(clustertest.Patient(t))
	steps := p.Progress(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.run(ctx)
	}()
	awaitNumber := func(n int) {
		t.Helper()
		for s := range steps {
			if s.Step == Ended && p.Sizing().Instances == n {
				break
			}
		}
		steps = p.Progress(ctx)
	}
	<-p.Worker(1).Listening()
	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	awaitNumber(3)
	load.Stop()
	awaitNumber(1)
	stop()
	<-ended
	t.Logf("%d requests", load.Connections())
	for _, f := range load.Failures {
		t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
	}
}
