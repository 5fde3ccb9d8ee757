//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// told is what one reader of events has got.
type told struct {
	names    []string
	messages []string
	handles  int
	err      error
}

type reader interface {
	Next(context.Context) (cluster.Event, error)
}

// readAll takes events until there are no more.
func readAll(t *testing.T, r reader) (all told) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for {
		event, err := r.Next(ctx)
		if err != nil {
			all.err = err
			return all
		}
		if m, ok := event.(cluster.MessageEvent); ok {
			if m.Message.Handle != nil {
				all.handles++
			}
			all.messages = append(all.messages, string(clustertest.Text(m.Message)))
			m.Message.Release()
		}
		all.names = append(all.names, clustertest.OccurrenceOf(t, event).Event)
	}
}

// talker is a worker that sends 100 messages, of which some are long and one has a handle, and ends.
const talker = `
	const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
		for (let i = 0; i < 50; i++) process.send(i + ' ' + 'x'.repeat(i % 10 ? 10 : 100000));
		process.send('with a handle', server);
		for (let i = 51; i < 100; i++) process.send(i + ' ' + 'x'.repeat(i % 10 ? 10 : 100000), () => i === 99 && process.exit());
	});`

// Every reader gets all events in one order, and what is left after the primary's end; the handle goes to Primary.Next.
func TestSubscriptions(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, err := cluster.NewPrimary(cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "talker.js", talker)})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	if _, err := primary.Next(clustertest.Patient(t)); err != nil { // the setup, which no other reader gets
		t.Fatal(err)
	}
	readers := []reader{primary, primary.Subscribe(), primary.Subscribe()}
	late := primary.Subscribe()
	of := make([]told, len(readers))
	var reading sync.WaitGroup
	for i, r := range readers {
		reading.Go(func() { of[i] = readAll(t, r) })
	}
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	<-w.Exited()
	if err := primary.Disconnect(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	primary.Close()
	reading.Wait()
	of = append(of, readAll(t, late))
	for i, all := range of {
		if !errors.Is(all.err, cluster.ErrClosed) {
			t.Errorf("reader %d ends with %v, want %v", i, all.err, cluster.ErrClosed)
		}
		if want := map[bool]int{true: 1}[i == 0]; all.handles != want {
			t.Errorf("reader %d got %d handles", i, all.handles)
		}
		if !slices.Equal(all.names, of[0].names) || !slices.Equal(all.messages, of[0].messages) {
			t.Errorf("reader %d got %q and %d messages, the first %q and %d", i, all.names, len(all.messages), of[0].names, len(of[0].messages))
		}
	}
	expectTalk(t, of[0])
}

// expectTalk checks that all of the talker's messages are there.
func expectTalk(t *testing.T, all told) {
	t.Helper()
	if len(all.messages) != 100 || len(all.names) < 103 || all.names[0] != "fork" {
		t.Fatalf("%d messages and %d events from %q on", len(all.messages), len(all.names), all.names[:1])
	}
	for i, m := range all.messages {
		if i == 50 && m != `"with a handle"` || i != 50 && !strings.HasPrefix(m, `"`+strconv.Itoa(i)+" ") {
			t.Errorf("message %d is %.20s", i, m)
		}
	}
}

// A reader of certain types gets no others, and one that comes later gets what comes later.
func TestSubscriptionToTypes(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, err := cluster.NewPrimary(cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", "exit 7"}})
	if err != nil {
		t.Fatal(err)
	}
	exits := primary.Subscribe(cluster.ExitEvent{}, cluster.SetupEvent{})
	first, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	<-first.Exited()
	if err := primary.Disconnect(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	later := primary.Subscribe()
	primary.Setup(primary.Settings())
	primary.Close()
	if all := readAll(t, exits); !slices.Equal(all.names, []string{"exit", "setup"}) {
		t.Errorf("the reader of exits and setups got %q", all.names)
	}
	if all := readAll(t, later); !slices.Equal(all.names, []string{"setup"}) {
		t.Errorf("the later reader got %q", all.names)
	}
	if all := readAll(t, primary.Subscribe()); len(all.names) > 0 || !errors.Is(all.err, cluster.ErrClosed) {
		t.Errorf("a reader after the end got %q, %v", all.names, all.err)
	}
}

// Close ends a subscription also for who waits, and nothing of what waited is left.
func TestSubscriptionClose(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, err := cluster.NewPrimary(cluster.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	s := primary.Subscribe()
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			if all := readAll(t, s); !errors.Is(all.err, cluster.ErrClosed) || !strings.Contains(all.err.Error(), "subscription") {
				t.Errorf("who waits hears %v", all.err)
			}
		})
	}
	s.Close()
	waiting.Wait()
	s.Close()
	full := primary.Subscribe()
	primary.Setup(cluster.Settings{})
	full.Close()
	if all := readAll(t, full); len(all.names) > 0 || !errors.Is(all.err, cluster.ErrClosed) {
		t.Errorf("a subscription that was closed gives %q, %v", all.names, all.err)
	}
	for event := range primary.Events(clustertest.Patient(t)) {
		if event.(cluster.SetupEvent).Settings.Exec != "" {
			t.Error("the primary's own events are others")
		}
		primary.Close()
	}
}
