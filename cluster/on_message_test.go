//go:build unix

package cluster_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/handlewrap"
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

// sightings are a worker's messages in the order in which a program has seen them, and who has.
type sightings struct {
	mu    sync.Mutex
	shown map[string]bool // as by OnMessage and not taken
	order []string
	taken int
}

func (s *sightings) onMessage(_ *cluster.Worker, m nodeipc.Message) (taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(m.Payload())
	n, _ := strconv.Atoi(text)
	if n%3 == 0 {
		s.shown[text] = true
		return false
	}
	s.order = append(s.order, text)
	s.taken++
	return true
}

func (s *sightings) event(e cluster.MessageEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, string(e.Message.Payload()))
}

// countUnder forks the counter, and takes its events until it has ended.
func countUnder(t *testing.T, subscribed bool) *sightings {
	t.Helper()
	nodetest.NoLeaks(t)
	seen := &sightings{shown: map[string]bool{}}
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "counter.js", counter), OnMessage: seen.onMessage,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	if subscribed {
		defer primary.Subscribe(cluster.MessageEvent{}).Close()
	}
	primary.Setup(cluster.Settings{ExecPath: primary.Settings().ExecPath, Exec: primary.Settings().Exec}) // which changes nothing
	if _, err := primary.Fork(); err != nil {
		t.Fatal(err)
	}
	for event := range primary.Events(clustertest.Patient(t)) {
		switch e := event.(type) {
		case cluster.MessageEvent:
			if (e.Message.Handle != nil) != (string(e.Message.Payload()) == "500") {
				t.Errorf("message %s has the handle %v", e.Message.Payload(), e.Message.Handle)
			}
			closeTestHandle(e.Message.Handle)
			seen.event(e)
		case cluster.ExitEvent:
			return seen
		}
	}
	t.Fatal("the events end before the worker's exit")
	return nil
}

func closeTestHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}

func (s *sightings) expectAll(t *testing.T) {
	t.Helper()
	if len(s.order) != 1000 {
		t.Fatalf("%d messages have come", len(s.order))
	}
	for i, text := range s.order {
		if text != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, text)
		}
	}
}

// Messages that OnMessage takes and those that become events are seen in the order in which they were sent.
func TestOnMessage(t *testing.T) {
	seen := countUnder(t, false)
	seen.expectAll(t)
	if seen.taken == 0 || len(seen.shown) == 0 {
		t.Errorf("%d messages were taken, and %d not", seen.taken, len(seen.shown))
	}
	if seen.shown["500"] {
		t.Error("a message with a handle was shown")
	}
}

// A Subscription gets all messages, so that OnMessage takes none.
func TestOnMessageBesideSubscription(t *testing.T) {
	seen := countUnder(t, true)
	seen.expectAll(t)
	if seen.taken != 0 || len(seen.shown) != 0 {
		t.Errorf("%d messages were taken, and %d were shown", seen.taken, len(seen.shown))
	}
}
