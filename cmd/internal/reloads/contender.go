//go:build linux

package main

import (
	"context"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// The contenders, as --only names them.
const (
	inNode   = "node" // nodecluster with workers in Node, with each policy
	inGo     = "go"   // nodecluster with workers in Go
	underPM2 = "pm2"
)

// contender is what changes workers.
type contender struct {
	title string
	ours  bool
	// start starts it and waits until all workers serve.
	start func(context.Context, *measurement, place) (server, error)
}

// place is where a contender takes its turn.
type place struct {
	address string
	env     []string // of the workers
	folder  string   // of its own
}

// server is a contender that runs.
type server interface {
	// change makes a change to the workers, and returns at its end with when it began. One that comes by itself is waited for.
	change() (began time.Time, err error)
	end()
}

// contenders are those that are to be measured.
func (m *measurement) contenders() (all []contender) {
	for _, what := range []struct {
		name, title string
		worker      []string // what runs, as run takes it
	}{
		{inNode, "", []string{"--node", m.options.node, m.app}},
		{inGo, ", workers in Go", []string{m.options.goWorker}},
	} {
		if !m.takes(what.name) {
			continue
		}
		for _, policy := range m.options.sched {
			all = append(all, contender{"nodecluster, " + policy + what.title, true, m.startOurs(policy, what.worker)})
		}
	}
	if m.takes(underPM2) && m.options.change == reloading {
		all = append(all, contender{title: "PM2", start: startPM2(0)},
			contender{title: "PM2, leaving slowly", start: startPM2(time.Second)})
	}
	return all
}

func (m *measurement) takes(name string) bool { return slices.Contains(m.options.only, name) }

func (m *measurement) newPlace(folder string) (p place, err error) {
	port, err := measure.FreePorts(1)
	if err != nil {
		return p, err
	}
	return place{measure.Local(port), []string{portVariable(port)}, folder}, nil
}
