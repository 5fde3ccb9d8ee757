//go:build unix

package clustertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Rig is a primary of ours with a journal of its events.
type Rig struct {
	*Journal
	*cluster.Primary
	T testing.TB

	mu           sync.Mutex
	forked       map[int]*cluster.Worker
	expected     []string
	ExpectErrors bool
}

// Output collects what workers print.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// NewRig makes a primary, which is closed with the test. Error events fail the test unless it expects them.
func NewRig(t testing.TB, settings cluster.Settings) *Rig {
	t.Helper()
	var printed Output
	if settings.Stdout == nil && !settings.Silent {
		settings.Stdout, settings.Stderr = &printed, &printed
	}
	Speaks(&settings)
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	r := &Rig{Journal: NewJournal(), Primary: primary, T: t}
	r.Follow(&printed, primary)
	return r
}

// ExpectError waits for an error event with a text in it, which fails the test no more.
func (r *Rig) ExpectError(t testing.TB, text string) {
	t.Helper()
	r.mu.Lock()
	r.expected = append(r.expected, text)
	r.mu.Unlock()
	r.Await(t, "the error "+text, func(o Occurrence) bool { return o.Event == "error" && strings.Contains(o.Err.Error(), text) })
}

func (r *Rig) isExpected(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.expected, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// Source is a primary, or what stands for one, whose events a rig keeps.
type Source interface {
	Events(context.Context) iter.Seq[cluster.Event]
	Close() error
}

// Follow keeps the journal until the source is closed, which it is with the test.
func (r *Rig) Follow(printed *Output, source Source) {
	var followed sync.WaitGroup
	followed.Go(func() {
		for event := range source.Events(context.Background()) {
			r.add(OccurrenceOf(r.T, event))
		}
	})
	r.T.Cleanup(func() {
		if err := source.Close(); err != nil {
			r.T.Error(err)
		}
		followed.Wait()
		for _, o := range r.All() {
			if o.Err != nil && o.Event != "listenError" && !r.ExpectErrors && !r.isExpected(o.Err) {
				r.T.Errorf("unexpected: %v", o)
			}
		}
		if r.T.Failed() && printed.String() != "" {
			r.T.Logf("the workers printed:\n%s", printed)
		}
	})
}

// AgentSettings run the worker that does as it is told.
func AgentSettings(t testing.TB, runtime nodetest.Runtime) cluster.Settings {
	t.Helper()
	settings := cluster.Settings{Exec: Script("agent.cjs"), ExecPath: runtime.Path, SchedulingPolicy: cluster.SchedRR}
	if runtime.Name == "bun" {
		settings.Serialization = nodeipc.JSON // its advanced is a format of its own
	}
	if runtime.Name == "deno" {
		settings.ExecArgv = []string{"run", "--no-config", "--allow-all"}
	}
	return settings
}

func NewAgents(t testing.TB, runtime nodetest.Runtime, policy cluster.SchedulingPolicy, workers int) *Rig {
	t.Helper()
	settings := AgentSettings(t, runtime)
	settings.SchedulingPolicy = policy
	return AgentsWith(t, settings, workers)
}

// AgentsWith is NewAgents with settings that are not AgentSettings alone.
func AgentsWith(t testing.TB, settings cluster.Settings, workers int) *Rig {
	t.Helper()
	r := NewRig(t, settings)
	for range workers {
		r.Ready(r.MustFork())
	}
	return r
}

// Offer has workers listen on descriptors of this process.
func (r *Rig) Offer(fds ...int) {
	settings := r.Settings()
	settings.ListenFDs = fds
	r.Setup(settings)
}

func (r *Rig) MustFork(env ...string) *cluster.Worker {
	r.T.Helper()
	w, err := r.Fork(env...)
	if err != nil {
		r.T.Fatal(err)
	}
	r.Keep(w)
	return w
}

func (r *Rig) ForkedWorker(id int) *cluster.Worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forked[id]
}

// MustForkWith forks an agent that is another program than the rig's, waits until it is ready and gives its id.
func (r *Rig) MustForkWith(settings cluster.Settings) int {
	r.T.Helper()
	w, err := r.ForkWith(settings)
	if err != nil {
		r.T.Fatal(err)
	}
	r.Keep(w)
	r.Ready(w)
	return w.ID()
}

// Keep has the rig know a worker by its id.
func (r *Rig) Keep(w *cluster.Worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forked == nil {
		r.forked = map[int]*cluster.Worker{}
	}
	r.forked[w.ID()] = w
}

// Ready waits until an agent takes commands.
func (r *Rig) Ready(w *cluster.Worker) { AwaitReady(r.T, r.Journal, w.ID()) }

func AwaitReady(t testing.TB, j *Journal, worker int) {
	t.Helper()
	j.Await(t, "an agent that is ready", func(o Occurrence) bool {
		return o.Event == "message" && o.Worker == worker && string(o.Message) == `"ready"`
	})
}

func (r *Rig) Signal(w *cluster.Worker, s syscall.Signal) {
	r.T.Helper()
	if err := w.Kill(s); err != nil {
		r.T.Fatal(err)
	}
}

// Driver is a primary, ours or Node's, to which a test does the same things.
type Driver interface {
	Start(env ...string) int
	Tell(worker int, message any)
	DisconnectWorker(worker int)
	CloseChannel(worker int)
	Kill(worker int, signal syscall.Signal)
	Book() *Journal
}

func (r *Rig) Book() *Journal { return r.Journal }

func (r *Rig) Start(env ...string) int { return r.MustFork(env...).ID() }

func (r *Rig) Tell(worker int, message any) {
	r.T.Helper()
	if err := r.ForkedWorker(worker).Send(Patient(r.T), message); err != nil {
		r.T.Fatal(err)
	}
}

func (r *Rig) DisconnectWorker(worker int) { r.ForkedWorker(worker).Disconnect() }

func (r *Rig) CloseChannel(worker int) {
	r.T.Helper()
	if err := r.ForkedWorker(worker).CloseChannel(); err != nil {
		r.T.Fatal(err)
	}
}

func (r *Rig) Kill(worker int, signal syscall.Signal) { r.Signal(r.ForkedWorker(worker), signal) }

// Command is what an agent is told.
type Command map[string]any

// Answer is what an agent answers.
type Answer struct {
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

// AskRaw tells an agent something and waits for its answer.
func AskRaw(t testing.TB, d Driver, worker int, c Command) json.RawMessage {
	t.Helper()
	n := int(questions.Add(1))
	c["n"] = n
	d.Tell(worker, c)
	what := fmt.Sprint("the answer to ", c)
	o := d.Book().Await(t, what, func(o Occurrence) bool {
		var a Answer
		return o.Worker == worker && (o.Event == "exit" || o.Event == "message" && json.Unmarshal(o.Message, &a) == nil && a.N == n)
	})
	if o.Event == "exit" {
		t.Fatalf("there is not %s: %v\n%s", what, o, Lines(d.Book().Of(worker)))
	}
	return o.Message
}

func AskAgent(t testing.TB, d Driver, worker int, c Command) (a Answer) {
	t.Helper()
	if err := json.Unmarshal(AskRaw(t, d, worker, c), &a); err != nil {
		t.Fatal(err)
	}
	a.N = 0
	return a
}

// Listen has an agent listen, which must succeed, and gives the port.
func Listen(t testing.TB, d Driver, worker int, options map[string]any, more ...any) int {
	t.Helper()
	c := Command{"do": "listen", "options": options}
	for pair := range slices.Chunk(more, 2) {
		c[pair[0].(string)] = pair[1]
	}
	a := AskAgent(t, d, worker, c)
	if a.Error != nil {
		t.Fatalf("worker %d cannot listen on %v: %v", worker, options, a.Error)
	}
	return PortOf(t, a.Address)
}

func PortOf(t testing.TB, address json.RawMessage) int {
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

// SaysItListens is what a shell tells its primary by way of the channel, as a worker that listens.
const SaysItListens = `echo '{"cmd":"NODE_CLUSTER","act":"listening","address":null,"port":1,"addressType":4,"seq":0}' >&3; `
