package routes_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// noticed is the route of @pm2/io, with what says that it has taken a message.
type noticed struct {
	*routes.PM2IO
	taken chan struct{}
}

func (n noticed) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	n.PM2IO.Take(r, from, m)
	select {
	case n.taken <- struct{}{}:
	default:
	}
}

// startIO starts two workers with @pm2/io, and returns when both have sent their metrics.
func startIO(t *testing.T, node nodetest.Runtime, serialization nodeipc.Serialization) (*pool.Pool, *routes.PM2IO) {
	t.Helper()
	nodetest.NoLeaks(t)
	route := noticed{routes.NewPM2IO(), make(chan struct{}, 1)}
	var printed clustertest.RealOutput
	printed.LogOnFailure(t)
	p, err := pool.New(cluster.Settings{
		ExecPath: node.Path, Exec: "testdata/pm2io.js", Serialization: serialization, Stdout: &printed, Stderr: &printed,
		Env: append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t), "PORT="+strconv.Itoa(clustertest.FreePort(t))),
	}, pool.Options{Instances: 2, Restart: pool.RestartNever, Routes: []pool.Route{route}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.Shutdown(context.Background())
		p.Close()
	})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx := clustertest.Patient(t); !slices.ContainsFunc(route.Metrics(p.Worker(1)), isUsers) || !slices.ContainsFunc(route.Metrics(p.Worker(2)), isUsers); {
		select {
		case <-route.taken:
		case <-ctx.Done():
			t.Fatal("there are no metrics")
		}
	}
	return p, route.PM2IO
}

func isUsers(m routes.PM2Metric) bool { return m.Name == "Users online" }

// The metrics and actions of programs with the package are known, and an action gives what each worker returns.
func TestPM2IO(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
			t.Run(string(serialization), func(t *testing.T) { testPM2IO(t, node, serialization) })
		}
	})
}

func testPM2IO(t *testing.T, node nodetest.Runtime, serialization nodeipc.Serialization) {
	p, route := startIO(t, node, serialization)
	expectMetric(t, route.Metrics(p.Worker(2)), routes.PM2Metric{Name: "Users online", Value: 20.0, Unit: "users", Type: "app/users"})
	expectMetric(t, route.Metrics(p.Worker(1)), routes.PM2Metric{Name: "Mood", Value: "good"})
	expectMetric(t, route.Metrics(p.Worker(2)), routes.PM2Metric{Name: "Mood", Value: 12.5})
	if !slices.Contains(route.Actions(p.Worker(1)), routes.PM2Action{Name: "set", Type: "custom", Arity: 2}) {
		t.Errorf("the actions are %v", route.Actions(p.Worker(1)))
	}
	parameter := `{"a":"ü"}`
	expectReplies(t, route, p, "greet", nil, `1: {"from":1,"nothing":null}`, `2: {"from":2,"nothing":null}`)
	expectReplies(t, route, p, "set", &parameter, `1: "{\"a\":\"ü\"}"`, `2: "{\"a\":\"ü\"}"`)
	expectReplies(t, route, p, "two", nil, `2: `)
	_, err := route.Trigger(t.Context(), p.Workers(), "gret", nil)
	if unknown := (*routes.UnknownActionError)(nil); !errors.As(err, &unknown) || !slices.IsSorted(unknown.Known) || !slices.Contains(unknown.Known, "greet") {
		t.Errorf("an unknown action: %v", err)
	}
	first := p.Worker(1)
	expectReplies(t, route, p, "end", nil, "1: it has ended before it answered", "2: it has ended before it answered")
	if left := route.Metrics(first); left != nil {
		t.Errorf("of a worker that has ended there are %v", left)
	}
}

func expectMetric(t *testing.T, all []routes.PM2Metric, want routes.PM2Metric) {
	t.Helper()
	if !slices.Contains(all, want) {
		t.Errorf("there is no %v in %v", want, all)
	}
}

// expectReplies triggers an action and compares what comes of it, as "ID: RETURN" or "ID: ERROR".
func expectReplies(t *testing.T, route *routes.PM2IO, p *pool.Pool, action string, parameter *string, want ...string) {
	t.Helper()
	replies, err := route.Trigger(clustertest.Patient(t), p.Workers(), action, parameter)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	var got []string
	for _, reply := range replies {
		text := string(reply.Return)
		if reply.Err != nil {
			text = reply.Err.Error()
		}
		got = append(got, strconv.Itoa(reply.Worker.ID())+": "+text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", action, got, want)
	}
}

// An action that does not answer is waited for until the time is over, and not carried out twice meanwhile.
func TestPM2IOHangs(t *testing.T) {
	p, route := startIO(t, nodetest.Default(t), nodeipc.JSON)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var waiting sync.WaitGroup
	errs := make(chan error, 2)
	for range 2 {
		waiting.Go(func() {
			replies, err := route.Trigger(ctx, p.Workers(), "hang", nil)
			for _, reply := range replies {
				if reply.Err == nil || !strings.Contains(reply.Err.Error(), "has not answered in time") {
					t.Errorf("worker %d: %s (%v)", reply.Worker.ID(), reply.Return, reply.Err)
				}
			}
			errs <- err
		})
	}
	waiting.Wait()
	first, second := <-errs, <-errs
	if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), routes.ErrTriggering) {
		t.Errorf("two at a time: %v and %v", first, second)
	}
	expectReplies(t, route, p, "greet", nil, `1: {"from":1,"nothing":null}`, `2: {"from":2,"nothing":null}`)
}
