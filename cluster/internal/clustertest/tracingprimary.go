//go:build linux

package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Told is what a Node primary tells of one moment in a worker's life, as it said it.
type Told map[string]any

// TracingPrimary is a real Node primary that tells all it sees of its workers. It does what newNodePrimary's does,
// and forks programs that are not Node's too.
type TracingPrimary struct {
	*Journal
	T       testing.TB
	Child   *nodeipc.Child
	Exited  chan nodeipc.ExitStatus
	Printed *Output
	Program string // what the workers run; Node if it is empty
	Last    int

	mu    sync.Mutex
	tale  []Told
	ended map[int]bool
}

// StartTracingPrimary starts a primary with a descriptor 3 that its workers may ask for. It ends with the test.
func StartTracingPrimary(t testing.TB, node nodetest.Runtime, descriptor *os.File) *TracingPrimary {
	t.Helper()
	cmd := exec.Command(node.Path, Script("tracing-primary.cjs"))
	p := &TracingPrimary{Journal: NewJournal(), T: t, Exited: make(chan nodeipc.ExitStatus, 1), Printed: &Output{}, ended: map[int]bool{}}
	cmd.Stdout, cmd.Stderr = p.Printed, p.Printed
	if descriptor != nil {
		cmd.ExtraFiles = []*os.File{descriptor}
	}
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.Child = child
	var running sync.WaitGroup
	running.Go(p.follow)
	running.Go(p.wait)
	t.Cleanup(func() {
		child.Disconnect()
		running.Wait()
		child.Channel.Close()
		if t.Failed() && p.Printed.String() != "" {
			t.Logf("Node's primary and its workers printed:\n%s", p.Printed)
		}
	})
	p.AwaitEvent("started", 0)
	return p
}

func (p *TracingPrimary) wait() {
	status, err := p.Child.Wait()
	if err != nil {
		p.T.Error(err)
	}
	p.Exited <- status
}

func (p *TracingPrimary) follow() {
	for {
		m, err := p.Child.Receive(context.Background())
		if err != nil {
			return
		}
		var o struct {
			Event       string
			Worker, Pid int
			Message     json.RawMessage
			Code        *int
			Signal      string
		}
		var all Told
		if err := errors.Join(json.Unmarshal(m.Payload(), &o), json.Unmarshal(m.Payload(), &all)); err != nil {
			p.T.Errorf("Node's primary said %s: %v", m.Payload(), err)
		}
		code := o.Pid // of the event "pid"
		if o.Code != nil {
			code = *o.Code
		}
		p.keep(all, Occurrence{Event: o.Event, Worker: o.Worker, Message: o.Message, Code: code, Signal: o.Signal})
	}
}

func (p *TracingPrimary) keep(all Told, o Occurrence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.Event == "disconnect" || o.Event == "exit" {
		p.ended[o.Worker] = true
	}
	p.tale = append(p.tale, all)
	p.add(o)
}

// Closes counts the servers that a worker has closed.
func (p *TracingPrimary) Closes(worker int) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, told := range p.tale {
		internal, _ := told["internal"].(map[string]any)
		if told["worker"] == float64(worker) && internal["act"] == "close" {
			n++
		}
	}
	return n
}

// TakeTale gives what has been told since the last time, and begins a new journal.
func (p *TracingPrimary) TakeTale() []Told {
	p.mu.Lock()
	defer p.mu.Unlock()
	tale := p.tale
	p.tale, p.Journal = nil, NewJournal()
	return tale
}

func (p *TracingPrimary) HasEnded(worker int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[worker]
}

func (p *TracingPrimary) AwaitEvent(event string, worker int) Occurrence {
	p.T.Helper()
	return p.Event(p.T, event, worker)
}

func (p *TracingPrimary) Do(c Command) {
	p.T.Helper()
	if err := p.Child.Send(Patient(p.T), c); err != nil {
		p.T.Fatal(err)
	}
}

// Setup is cluster.setupPrimary.
func (p *TracingPrimary) Setup(policy cluster.SchedulingPolicy, settings map[string]any) {
	p.T.Helper()
	p.Do(Command{"do": "setup", "policy": policy, "settings": settings})
}

func (p *TracingPrimary) Book() *Journal { return p.Journal }

func (p *TracingPrimary) Start(env ...string) int {
	p.T.Helper()
	return p.Fork(p.Program, nil, env...)
}

// Fork starts a worker that is a program of its own, or a script of Node's if program is empty.
func (p *TracingPrimary) Fork(program string, settings map[string]any, env ...string) int {
	p.T.Helper()
	variables := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	p.Last++
	p.Do(Command{"do": "fork", "program": program, "settings": settings, "env": variables})
	return p.Last
}

// Pid waits for the process id of a worker.
func (p *TracingPrimary) Pid(worker int) int {
	p.T.Helper()
	return p.AwaitEvent("pid", worker).Code
}

func (p *TracingPrimary) Tell(worker int, message any) {
	p.T.Helper()
	p.Do(Command{"do": "tell", "worker": worker, "message": message})
}

func (p *TracingPrimary) DisconnectWorker(worker int) {
	p.T.Helper()
	p.Do(Command{"do": "disconnect", "worker": worker})
}

func (p *TracingPrimary) CloseChannel(worker int) {
	p.T.Helper()
	p.Do(Command{"do": "closeChannel", "worker": worker})
}

func (p *TracingPrimary) Kill(worker int, signal syscall.Signal) {
	p.T.Helper()
	p.Do(Command{"do": "signal", "worker": worker, "signal": nodeipc.SignalName(signal)})
}

// DoUntil does something at whose end an event comes.
func (p *TracingPrimary) DoUntil(event string, c Command) {
	p.T.Helper()
	before := p.Count(event)
	p.Do(c)
	p.Await(p.T, event, func(Occurrence) bool { return p.Count(event) > before })
}

func (p *TracingPrimary) Count(event string) (n int) {
	for _, o := range p.All() {
		if o.Event == event {
			n++
		}
	}
	return n
}

// Giving is the command to make a handle and send it to a worker with a message, of which it gives the number.
func Giving(worker int, kind string, message Command) (give Command, n int) {
	n = int(questions.Add(1))
	message = maps.Clone(message)
	message["do"], message["n"] = "take", n
	return Command{"do": "give", "worker": worker, "kind": kind, "message": message}, n
}

// Reply waits for a worker's answer with a number.
func (p *TracingPrimary) Reply(worker, n int) (value struct{ Port int }) {
	p.T.Helper()
	o := p.Await(p.T, "an answer", func(o Occurrence) bool {
		var a Answer
		return o.Worker == worker && o.Event == "message" && json.Unmarshal(o.Message, &a) == nil && a.N == n
	})
	if err := json.Unmarshal(o.Message, &value); err != nil {
		p.T.Fatal(err)
	}
	return value
}

// ForkWith forks an agent with other settings than the last one's.
func (p *TracingPrimary) ForkWith(settings cluster.Settings) int {
	p.T.Helper()
	setup := map[string]any{"exec": settings.Exec, "execArgv": append([]string{}, settings.ExecArgv...)}
	if settings.Exec == "" {
		setup["exec"] = "go"
	}
	w := p.Fork(settings.ExecPath, setup, settings.Env...)
	AwaitReady(p.T, p.Journal, w)
	return w
}
