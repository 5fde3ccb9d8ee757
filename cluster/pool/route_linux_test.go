package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// toOthers is a route that passes the messages with a mark on to all other workers.
type toOthers struct {
	mark string
	left chan int
}

func (o toOthers) Name() string { return o.mark }

func (o toOthers) Matches(m nodeipc.Message) bool { return bytes.Contains(m.Payload(), []byte(o.mark)) }

func (o toOthers) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	r.Broadcast(m, from)
}

func (o toOthers) Leave(_ *pool.Router, w *cluster.Worker) { o.left <- w.ID() }

// relayToOthers is toOthers on the primary's loop.
type relayToOthers struct{ toOthers }

func (relayToOthers) IsRelay() {}

// What a route passes on reaches all other workers in order, in either serialization, and a worker that does not read keeps it from nobody.
func TestRouteBroadcasts(t *testing.T) {
	for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(serialization), func(t *testing.T) {
			route := toOthers{mark: "shared", left: make(chan int, 3)}
			testRouteBroadcasts(t, serialization, route, route.left)
		})
		t.Run(string(serialization)+" relay", func(t *testing.T) {
			route := relayToOthers{toOthers{mark: "shared", left: make(chan int, 3)}}
			testRouteBroadcasts(t, serialization, route, route.left)
		})
	}
}

func testRouteBroadcasts(t *testing.T, serialization nodeipc.Serialization, route pool.Route, left chan int) {
	nodetest.NoLeaks(t)
	const count, size = 200, 100_000 // more than is kept for a worker that does not read
	p := newPool(t, cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Serialization: serialization, Exec: nodetest.Script(t, "members.js", fmt.Sprintf(`
			let got = 0;
			const fills = ['', 'x'.repeat(%d), 'x'.repeat(300000), 'x']; // the third is too long for the primary's loop
			const of = (i) => ({ shared: i, fill: fills[i %% 4] });
			const next = (i) => {
				if (i === %d) return;
				process.send(of(i));
				process.send(of(i + 1), () => next(i + 2));
			};
			process.on('message', (m) => {
				if (m === 'begin') return next(0);
				if (m.shared !== got++ || m.fill !== of(m.shared).fill) process.send('wrong: ' + m.shared);
				if (got === %[2]d) process.send('all');
			});
			process.send('here');`, size, count)),
	}, pool.Options{Instances: 3, Restart: pool.RestartNever, Routes: []pool.Route{route}})
	events := p.Subscribe(cluster.MessageEvent{}, cluster.ErrorEvent{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ctx := clustertest.Patient(t)
	nextText(t, ctx, p, events, "here", 3)
	workers := p.Workers()
	if err := workers[2].Kill(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := workers[0].Send(ctx, "begin"); err != nil {
		t.Fatal(err)
	}
	if err := nextText(t, ctx, p, events, "all", 1); !errors.Is(err, nodeipc.ErrNotReading) || !strings.Contains(err.Error(), "worker 3") {
		t.Errorf("that the stopped worker does not read was told as %v", err)
	}
	p.Close()
	counts := p.Routes()[0]
	if counts.Name != "shared" || counts.Taken != count || counts.Sent < count || counts.Dropped == 0 {
		t.Errorf("the counts are %+v", counts)
	}
	for gone := map[int]bool{}; len(gone) < 3; {
		gone[<-left] = true
	}
}

// nextText waits until workers have sent a text a number of times, and returns the first error that was told of meanwhile.
func nextText(t *testing.T, ctx context.Context, p *pool.Pool, events *cluster.Subscription, text string, times int) (told error) {
	t.Helper()
	for times > 0 {
		event, err := events.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %q: %v", text, err)
		}
		if e, ok := event.(cluster.ErrorEvent); ok {
			told = errors.Join(told, e.Err)
			continue
		}
		m := event.(cluster.MessageEvent).Message
		if route := p.RouteOf(m); route != nil {
			if _, relays := route.(pool.Relay); relays {
				t.Fatalf("a relay's message is an event: %.100q", m.Payload())
			}
			continue
		}
		var got string
		if err := m.Decode(&got); err != nil || got != text {
			t.Fatalf("a worker sent %q (%v), not %q", got, err, text)
		}
		times--
	}
	return told
}
