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
