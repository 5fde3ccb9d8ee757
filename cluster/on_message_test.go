//go:build unix

package cluster_test

import (
	"slices"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// OnMessage says who hears of a message: all readers, those that ask for what was put off, or nobody. One with a handle is always an event.
func TestOnMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	var taken []string
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "sender.js", `
			const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
				for (const text of ['pass', 'postpone', 'take', 'pass']) process.send(text);
				process.send('with a handle', server);
				process.on('message', (m) => process.send(m, () => process.exit()));
			});`),
		OnMessage: func(w *cluster.Worker, m nodeipc.Message) cluster.Taking {
			switch text := string(clustertest.Text(m)); text {
			case `"postpone"`:
				return cluster.PostponeMessage
			case `"take"`:
				taken = append(taken, text)
				if err := w.Tell("pass on"); err != nil {
					t.Error(err)
				}
				return cluster.TakeMessage
			}
			return cluster.PassMessage
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	primary.Setup(primary.Settings())
	all := primary.Subscribe()
	postponed := primary.Subscribe(cluster.PostponedEvent{})
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	<-w.Gone()
	primary.Close()
	if !slices.Equal(taken, []string{`"take"`}) {
		t.Errorf("there were taken %q", taken)
	}
	want := []string{`"pass"`, `"pass"`, `"with a handle"`, `"pass on"`}
	for _, r := range []reader{primary, all} {
		// The message with a handle goes when the primary is closed, from the reader that has not taken it.
		if got := readAll(t, r).messages; !slices.Equal(got, want) && !slices.Equal(got, slices.Delete(slices.Clone(want), 2, 3)) {
			t.Errorf("there were %q, want %q", got, want)
		}
	}
	event, err := postponed.Next(clustertest.Patient(t))
	if e, ok := event.(cluster.PostponedEvent); err != nil || !ok || e.Worker != w || string(clustertest.Text(e.Message)) != `"postpone"` {
		t.Errorf("there was put off %+v, %v", event, err)
	}
	if event, err := postponed.Next(clustertest.Patient(t)); err == nil {
		t.Errorf("there was put off %+v", event)
	}
}
