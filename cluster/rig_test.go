//go:build unix

package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// rig is a primary of ours with a journal of its events.
type rig struct {
	*journal
	*cluster.Primary
	t     testing.TB
	close func() error

	mu           sync.Mutex
	forked       map[int]*cluster.Worker
	expectErrors bool
}

// output collects what workers print.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// newRig makes a primary, which is closed with the test. Error events fail the test unless it expects them.
func newRig(t testing.TB, settings cluster.Settings) *rig {
	t.Helper()
	var printed output
	if settings.Stdout == nil && !settings.Silent {
		settings.Stdout, settings.Stderr = &printed, &printed
	}
	speaks(&settings)
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{journal: newJournal(), Primary: primary, t: t, close: primary.Close, forked: map[int]*cluster.Worker{}}
	r.follow(&printed)
	return r
}

// follow keeps the journal until the primary is closed, which it is with the test.
func (r *rig) follow(printed *output) {
	var followed sync.WaitGroup
	followed.Go(func() {
		for event := range r.Events(context.Background()) {
			r.add(occurrenceOf(r.t, event))
		}
	})
	r.t.Cleanup(func() {
		if err := r.close(); err != nil {
			r.t.Error(err)
		}
		followed.Wait()
		for _, o := range r.all() {
			if o.Event == "error" && !r.expectErrors {
				r.t.Errorf("unexpected: %v", o)
			}
		}
		if r.t.Failed() && printed.String() != "" {
			r.t.Logf("the workers printed:\n%s", printed)
		}
	})
}

// agentSettings run the worker that does as it is told.
func agentSettings(t testing.TB, runtime nodetest.Runtime) cluster.Settings {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", "agent.cjs"))
	if err != nil {
		t.Fatal(err)
	}
	settings := cluster.Settings{Exec: script, ExecPath: runtime.Path, SchedulingPolicy: cluster.SchedRR}
	if runtime.Name == "bun" {
		settings.Serialization = nodeipc.JSON // its advanced is a format of its own
	}
	if runtime.Name == "deno" {
		settings.ExecArgv = []string{"run", "--no-config", "--allow-all"}
	}
	return settings
}

func newAgents(t testing.TB, runtime nodetest.Runtime, policy cluster.SchedulingPolicy, workers int) *rig {
	t.Helper()
	settings := agentSettings(t, runtime)
	settings.SchedulingPolicy = policy
	r := newRig(t, settings)
	for range workers {
		r.ready(r.fork())
	}
	return r
}

func (r *rig) fork(env ...string) *cluster.Worker {
	r.t.Helper()
	w, err := r.Fork(env...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forked[w.ID()] = w
	return w
}

func (r *rig) worker(id int) *cluster.Worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forked[id]
}

// ready waits until an agent takes commands.
func (r *rig) ready(w *cluster.Worker) { awaitReady(r.t, r.journal, w.ID()) }

func awaitReady(t testing.TB, j *journal, worker int) {
	t.Helper()
	j.await(t, "an agent that is ready", func(o occurrence) bool {
		return o.Event == "message" && o.Worker == worker && string(o.Message) == `"ready"`
	})
}

func (r *rig) signal(w *cluster.Worker, s syscall.Signal) {
	r.t.Helper()
	if err := w.Kill(s); err != nil {
		r.t.Fatal(err)
	}
}

// driver is a primary, ours or Node's, to which a test does the same things.
type driver interface {
	start(env ...string) int
	tell(worker int, message any)
	disconnect(worker int)
	closeChannel(worker int)
	kill(worker int, signal syscall.Signal)
	book() *journal
}

func (r *rig) book() *journal { return r.journal }

func (r *rig) start(env ...string) int { return r.fork(env...).ID() }

func (r *rig) tell(worker int, message any) {
	r.t.Helper()
	if err := r.worker(worker).Send(patient(r.t), message); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) disconnect(worker int) { r.worker(worker).Disconnect() }

func (r *rig) closeChannel(worker int) {
	r.t.Helper()
	if err := r.worker(worker).CloseChannel(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) kill(worker int, signal syscall.Signal) { r.signal(r.worker(worker), signal) }

// command is what an agent is told.
type command map[string]any

// answer is what an agent answers.
type answer struct {
	N       int `json:"n"`
	Address json.RawMessage
	Error   *nodeError
	Count   int
	Value   json.RawMessage
}

// nodeError is an error as a Node program sees it.
type nodeError struct {
	Code    string
	Errno   int
	Syscall string
	Address string
	Port    json.RawMessage
}

func (e *nodeError) Error() string {
	return e.Syscall + " " + e.Code + " " + e.Address + ":" + string(e.Port)
}

var questions atomic.Int32

// askRaw tells an agent something and waits for its answer.
func askRaw(t testing.TB, d driver, worker int, c command) json.RawMessage {
	t.Helper()
	n := int(questions.Add(1))
	c["n"] = n
	d.tell(worker, c)
	what := fmt.Sprint("the answer to ", c)
	o := d.book().await(t, what, func(o occurrence) bool {
		var a answer
		return o.Worker == worker && (o.Event == "exit" || o.Event == "message" && json.Unmarshal(o.Message, &a) == nil && a.N == n)
	})
	if o.Event == "exit" {
		t.Fatalf("there is not %s: %v\n%s", what, o, lines(d.book().of(worker)))
	}
	return o.Message
}

func askAgent(t testing.TB, d driver, worker int, c command) (a answer) {
	t.Helper()
	if err := json.Unmarshal(askRaw(t, d, worker, c), &a); err != nil {
		t.Fatal(err)
	}
	a.N = 0
	return a
}

// listen has an agent listen, which must succeed, and gives the port.
func listen(t testing.TB, d driver, worker int, options map[string]any, more ...any) int {
	t.Helper()
	c := command{"do": "listen", "options": options}
	for pair := range slices.Chunk(more, 2) {
		c[pair[0].(string)] = pair[1]
	}
	a := askAgent(t, d, worker, c)
	if a.Error != nil {
		t.Fatalf("worker %d cannot listen on %v: %v", worker, options, a.Error)
	}
	return portOf(t, a.Address)
}

func portOf(t testing.TB, address json.RawMessage) int {
	t.Helper()
	var path string
	if json.Unmarshal(address, &path) == nil {
		return -1
	}
	var a struct{ Port int }
	if err := json.Unmarshal(address, &a); err != nil {
		t.Fatal(err)
	}
	return a.Port
}
