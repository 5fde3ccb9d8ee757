package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
	"github.com/nodecluster/nodecluster/cmd/internal/measure/measuretest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// programs is the folder of the program that the test measures.
var programs string

func TestMain(m *testing.M) { os.Exit(measuretest.Main(m, &programs, "./cmd/nodecluster")) }

// TestTurn: under nodecluster messages arrive, and no request is lost, in a reload or at SIGTERM.
func TestTurn(t *testing.T) {
	o := &options{
		node: nodetest.Default(t).Path, nodecluster: filepath.Join(programs, "nodecluster"), modules: nodetest.Eggs(t),
		workers: 2, rounds: 1, perSecond: 20, seconds: 0.3,
	}
	t.Setenv("PATH", filepath.Dir(o.node)+":"+os.Getenv("PATH"))
	for _, c := range o.contenders() {
		if c.program == o.node {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			f, err := o.turn(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if f.perSecond <= 0 || f.median <= 0 || f.p99 < f.median {
				t.Errorf("the figures of the messages are %+v", f)
			}
			if f.reload != "" || !strings.HasPrefix(f.stop, "answered") {
				t.Errorf("in a reload: %q, and at SIGTERM: %q", f.reload, f.stop)
			}
		})
	}
}

// TestSoak: under nodecluster no client hangs, and no descriptor is left, where agents and app workers die.
func TestSoak(t *testing.T) {
	o := options{
		node: nodetest.Default(t).Path, nodecluster: filepath.Join(programs, "nodecluster"), modules: nodetest.Eggs(t),
		workers: 2, seconds: 0.1, soak: 8 * time.Second, killEvery: time.Second,
	}
	t.Setenv("PATH", filepath.Dir(o.node)+":"+os.Getenv("PATH"))
	for _, c := range o.contenders() {
		if c.program == o.node {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			s := &soak{contender: c}
			if err := errors.Join(s.run(t.Context(), &o), s.failure()); err != nil {
				t.Error(err)
			}
			if s.apps == 0 || s.agents == 0 || s.counts[clients.Answered] == 0 {
				t.Errorf("%d app workers and %d agents have died, and the clients have had %v", s.apps, s.agents, s.counts)
			}
		})
	}
}

// TestCrowd: a message to many app workers reaches all that read, in order, and what is kept for one that does not is bounded. With all
// runtimes and without the race detector there are 100 of them, and 10,000 messages a second.
func TestCrowd(t *testing.T) {
	nodetest.NoLeaks(t)
	o := options{
		node: nodetest.Default(t).Path, nodecluster: filepath.Join(programs, "nodecluster"), modules: nodetest.Eggs(t),
		workers: 8, seconds: 1, broadcasts: []int{250},
	}
	if nodetest.All() && !nodetest.RaceDetector {
		o.workers, o.seconds, o.broadcasts = 100, 5, []int{100}
	}
	t.Setenv("PATH", filepath.Dir(o.node)+":"+os.Getenv("PATH"))
	for _, c := range o.newCrowds() {
		if c.program == o.node {
			continue
		}
		if err := c.run(t.Context(), &o); err != nil {
			t.Fatal(err)
		}
		for _, s := range append(c.series, c.stopped) {
			if s.lost != 0 || s.disordered != 0 {
				t.Errorf("at %d messages a second to all, %d were lost and %d out of order", s.asked, s.lost, s.disordered)
			}
		}
		if c.dropped <= 0 || c.dropped >= messagesWhileStopped {
			t.Errorf("%d of %d messages to a worker that does not read were dropped", c.dropped, messagesWhileStopped)
		}
		if grown := c.stopped.memory - c.series[0].memory; grown > maxGrown() {
			t.Errorf("the master's memory has grown by %d MiB", grown>>20)
		}
	}
}

// maxGrown is how much memory a master may take more, in bytes, while it keeps 16 MiB.
func maxGrown() int {
	if nodetest.RaceDetector {
		return 512 << 20
	}
	return 64 << 20
}
