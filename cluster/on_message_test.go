//go:build unix

package cluster_test

import (
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// counter is a worker that sends numbers, one of them with a handle, in bursts and one by one, and ends.
const counter = `
	const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true }, async () => {
		for (let i = 0; i < 1000; i++) {
			const sent = new Promise(resolve => process.send(i, i === 500 ? server : undefined, resolve));
			if (i % 20 < 10) await sent;
		}
		process.disconnect();
	});`

// sightings are a worker's numbers by who has seen them.
type sightings struct {
	mu                       sync.Mutex
	taken, passed, postponed []int
}

// onMessage takes one number of three, passes one and postpones one.
func (s *sightings) onMessage(_ *cluster.Worker, m nodeipc.Message) cluster.Taking {
	n := numberIn(m)
	if n%3 != 1 {
		return map[int]cluster.Taking{0: cluster.PassMessage, 2: cluster.PostponeMessage}[n%3]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, n)
	return cluster.TakeMessage
}

func numberIn(m nodeipc.Message) int {
	n, err := strconv.Atoi(string(m.Payload()))
	if err != nil {
		return -1
	}
	return n
}

// Each message goes where OnMessage says, in the order in which they were sent, and one with a handle is an event.
func TestOnMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	seen := &sightings{}
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "counter.js", counter), OnMessage: seen.onMessage,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	postponed := primary.Subscribe(cluster.PostponedEvent{}, cluster.ExitEvent{})
	defer postponed.Close()
	everything := primary.Subscribe()
	defer everything.Close()
	primary.Setup(cluster.Settings{ExecPath: primary.Settings().ExecPath, Exec: primary.Settings().Exec}) // which changes nothing
	if _, err := primary.Fork(); err != nil {
		t.Fatal(err)
	}
	seen.passed = readNumbers(t, primary.Events(clustertest.Patient(t)))
	seen.postponed = readNumbers(t, postponed.Events(clustertest.Patient(t)))
	if others := readNumbers(t, everything.Events(clustertest.Patient(t))); !slices.Equal(others, seen.passed) {
		t.Errorf("another reader gets %v, the first %v", others, seen.passed)
	}
	want := &sightings{}
	for n := range 1000 {
		switch {
		case n%3 == 0 || n == 500:
			want.passed = append(want.passed, n)
		case n%3 == 1:
			want.taken = append(want.taken, n)
		default:
			want.postponed = append(want.postponed, n)
		}
	}
	for _, c := range []struct {
		what      string
		got, want []int
	}{{"taken", seen.taken, want.taken}, {"passed", seen.passed, want.passed}, {"postponed", seen.postponed, want.postponed}} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%v were %s, want %v", c.got, c.what, c.want)
		}
	}
}

// readNumbers are those of events until the worker has ended.
func readNumbers(t *testing.T, events iter.Seq[cluster.Event]) (all []int) {
	t.Helper()
	for event := range events {
		switch e := event.(type) {
		case cluster.MessageEvent:
			all = append(all, numberIn(e.Message))
			if e.Message.Handle != nil {
				e.Message.Handle.Close()
			}
		case cluster.PostponedEvent:
			all = append(all, numberIn(e.Message))
		case cluster.ExitEvent:
			return all
		}
	}
	t.Fatal("the events end before the worker's exit")
	return nil
}
