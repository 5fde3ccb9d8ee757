package web

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// recorded is a source of applications that do not run, with a log.
type recorded struct {
	apps       []control.App
	lines      []logs.Line
	logProblem error // after the lines
}

func (r *recorded) Apps(context.Context) ([]control.App, error) { return r.apps, nil }

func (r *recorded) Client(string) (*control.Client, error) { return nil, errors.New("it does not run") }

func (r *recorded) Logs(ctx context.Context, _ string, q logs.Query) iter.Seq2[logs.Line, error] {
	return func(yield func(logs.Line, error) bool) {
		for _, line := range r.lines {
			if (q.Grep == nil || q.Grep.MatchString(line.Text)) && (q.Stderr && line.Stderr || q.Stdout && !line.Stderr) && !yield(line, nil) {
				return
			}
		}
		if r.logProblem != nil {
			yield(logs.Line{}, r.logProblem)
			return
		}
		if q.Follow {
			<-ctx.Done()
		}
	}
}

func newRecorded() *recorded {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.Local)
	return &recorded{
		apps: []control.App{{
			Name: "api", Namespace: "default", State: control.Errored, Reason: "exit code 1: <b>no database</b>", Since: at, Instances: 2,
			Config: json.RawMessage(`{"script":"app.js","args":["--port=1","--api-token=abc"],"env":{"SECRET":"hunter2"},"bake":"1s"}`),
		}},
		lines: []logs.Line{
			{Time: at, Instance: 0, Worker: 1, Text: "\x1b[32mhello\x1b[0m <script>alert(1)</script>"},
			{Time: at, Instance: 1, Worker: 2, Text: "no database", Stderr: true},
		},
	}
}

// serveTo serves a page on loopback, and gives its URL.
func serveTo(t *testing.T, o Options) string {
	t.Helper()
	nodetest.NoLeaks(t)
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Shutdown(nodetest.Context(t)); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}
