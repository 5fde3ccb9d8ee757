//go:build linux

package cluster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// verbose is an HTTP server that tells its primary a megabyte of each request, and gives it a handle.
const verbose = `
	const net = require('net');
	const idle = net.createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true });
	let n = 0;
	require('http').createServer((request, response) => {
		const megabyte = n++ + ' ' + 'x'.repeat(1 << 20);
		process.send(megabyte);
		process.send('handle', idle);
		response.end();
	}).listen(process.env.PORT, '127.0.0.1');`

const requestsUnread = 40

// startVerbose runs verbose in a worker of a primary none of whose events are taken.
func startVerbose(t *testing.T) (primary *cluster.Primary, port int) {
	t.Helper()
	port = clustertest.FreePort(t)
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "verbose.js", verbose), Env: []string{fmt.Sprint("PORT=", port)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { primary.Close() })
	if _, err := primary.Fork(); err != nil {
		t.Fatal(err)
	}
	return primary, port
}

// ask has a number of requests answered.
func ask(t *testing.T, port, requests int) {
	t.Helper()
	for i := range requests {
		if err := clustertest.Ask(clustertest.Local(port), time.Now().Add(clustertest.Patience)); err != nil {
			t.Fatalf("request %d is not answered: %v", i, err)
		}
	}
}

// A program that takes no events, from the beginning or no more, goes on to be served, at a bounded cost. It hears that it has
// missed some when it takes events again, and then gets all.
func TestServiceOfWhoTakesNoEvents(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, begin := range map[string]func(t *testing.T, primary *cluster.Primary){
		"never": func(t *testing.T, primary *cluster.Primary) {
			watch := primary.Subscribe(cluster.ListeningEvent{})
			defer watch.Close()
			if _, err := watch.Next(clustertest.Patient(t)); err != nil {
				t.Fatal(err)
			}
		},
		"no more": func(t *testing.T, primary *cluster.Primary) {
			for event := range primary.Events(clustertest.Patient(t)) {
				if _, ok := event.(cluster.ListeningEvent); ok {
					break
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			primary, port := startVerbose(t)
			begin(t, primary)
			before, descriptors := nodetest.Heap(), clustertest.OpenDescriptors(t)
			ask(t, port, requestsUnread)
			if now := nodetest.Heap(); now > before+32<<20 {
				t.Errorf("%d MiB of memory are in use, %d before", now>>20, before>>20)
			}
			if n := clustertest.OpenDescriptors(t); n > descriptors+32 {
				t.Errorf("%d descriptors are open, %d before", n, descriptors)
			}
			expectGap(t, primary)
			ask(t, port, 1)
			expectMessagesTo(t, primary, requestsUnread)
		})
	}
}

// expectGap takes messages until the error that tells of a gap, which must be one behind the first 16 MiB.
func expectGap(t *testing.T, primary *cluster.Primary) {
	t.Helper()
	messages := 0
	for event := range primary.Events(clustertest.Patient(t)) {
		switch e := event.(type) {
		case cluster.MessageEvent:
			if n, ok := numberOf(t, e); ok {
				if n != messages {
					t.Fatalf("message %d after %d others", n, messages)
				}
				messages++
			}
		case cluster.ErrorEvent:
			if !errors.Is(e.Err, cluster.ErrNotTaken) || e.Worker == nil || strings.Contains(e.Err.Error(), "\n") {
				t.Errorf("the error is %v of worker %v, want %v", e.Err, e.Worker, cluster.ErrNotTaken)
			}
			if messages < 8 || messages > 20 {
				t.Errorf("%d messages waited, want about 16 MiB", messages)
			}
			return
		}
	}
	t.Fatal("nothing tells of the messages that were dropped")
}

// expectMessagesTo takes messages until one with a number. What was on its way when the gap was told of comes before it.
func expectMessagesTo(t *testing.T, primary *cluster.Primary, last int) {
	t.Helper()
	before := -1
	for event := range primary.Events(clustertest.Patient(t)) {
		e, ok := event.(cluster.MessageEvent)
		if !ok {
			t.Fatalf("%T: %v", event, event)
		}
		n, ok := numberOf(t, e)
		if ok && before >= 0 && n != before+1 {
			t.Errorf("message %d after %d", n, before)
		}
		if n == last {
			return
		}
		if ok {
			before = n
		}
	}
}

// numberOf is the number of a message of verbose's, if it has one, and closes the handle if it has that.
func numberOf(t *testing.T, e cluster.MessageEvent) (n int, ok bool) {
	t.Helper()
	if h := e.Message.Handle; h != nil {
		h.Close()
		return 0, false
	}
	var text string
	if err := e.Message.Decode(&text); err != nil {
		t.Fatal(err)
	}
	_, err := fmt.Sscan(text, &n)
	return n, err == nil
}

// Of two readers one goes on to take events, slowly, and one takes none. The first loses nothing.
func TestOneReaderListensAndOneDoesNot(t *testing.T) {
	nodetest.NoLeaks(t)
	const messages = 60
	primary, err := cluster.NewPrimary(cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "flood.js", fmt.Sprintf(`
		let n = 0;
		const next = () => n < %d ? process.send(n++ + ' ' + 'x'.repeat(1 << 20), next) : process.exit();
		next();`, messages))})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	slow := primary.Subscribe(cluster.MessageEvent{}, cluster.ErrorEvent{})
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	pace := time.NewTicker(30 * time.Millisecond) // slower than the worker sends
	defer pace.Stop()
	for i := range messages {
		event, err := slow.Next(clustertest.Patient(t))
		if err != nil {
			t.Fatal(err)
		}
		m, ok := event.(cluster.MessageEvent)
		if !ok || !strings.HasPrefix(string(m.Message.Payload()), fmt.Sprintf(`"%d `, i)) {
			t.Fatalf("event %d is %.40v", i, event)
		}
		<-pace.C
	}
	<-w.Exited()
	primary.Close()
	gaps := 0
	for event := range primary.Events(clustertest.Patient(t)) {
		if e, ok := event.(cluster.ErrorEvent); ok && errors.Is(e.Err, cluster.ErrNotTaken) {
			gaps++
		}
	}
	if gaps != 1 {
		t.Errorf("the reader that took nothing hears of %d gaps, want 1", gaps)
	}
}
