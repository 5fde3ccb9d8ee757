//go:build linux

package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// told is what a Node primary tells of one moment in a worker's life, as it said it.
type told map[string]any

// tracingPrimary is a real Node primary that tells all it sees of its workers. It does what newNodePrimary's does,
// and forks programs that are not Node's too.
type tracingPrimary struct {
	*journal
	t       testing.TB
	child   *nodeipc.Child
	exited  chan nodeipc.ExitStatus
	printed *output
	program string // what the workers run; Node if it is empty
	last    int

	mu    sync.Mutex
	tale  []told
	ended map[int]bool
}

// startTracingPrimary starts a primary with a descriptor 3 that its workers may ask for. It ends with the test.
func startTracingPrimary(t testing.TB, node nodetest.Runtime, descriptor *os.File) *tracingPrimary {
	t.Helper()
	cmd := exec.Command(node.Path, filepath.Join("testdata", "worker", "primary.cjs"))
	p := &tracingPrimary{journal: newJournal(), t: t, exited: make(chan nodeipc.ExitStatus, 1), printed: &output{}, ended: map[int]bool{}}
	cmd.Stdout, cmd.Stderr = p.printed, p.printed
	if descriptor != nil {
		cmd.ExtraFiles = []*os.File{descriptor}
	}
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.child = child
	var running sync.WaitGroup
	running.Go(p.follow)
	running.Go(p.wait)
	t.Cleanup(func() {
		child.Disconnect()
		running.Wait()
		child.Channel.Close()
		if t.Failed() && p.printed.String() != "" {
			t.Logf("Node's primary and its workers printed:\n%s", p.printed)
		}
	})
	p.awaitEvent("started", 0)
	return p
}

func (p *tracingPrimary) wait() {
	status, err := p.child.Wait()
	if err != nil {
		p.t.Error(err)
	}
	p.exited <- status
}

func (p *tracingPrimary) follow() {
	for {
		m, err := p.child.Receive(context.Background())
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
		var all told
		if err := errors.Join(json.Unmarshal(m.Payload(), &o), json.Unmarshal(m.Payload(), &all)); err != nil {
			p.t.Errorf("Node's primary said %s: %v", m.Payload(), err)
		}
		code := o.Pid // of the event "pid"
		if o.Code != nil {
			code = *o.Code
		}
		p.keep(all, occurrence{Event: o.Event, Worker: o.Worker, Message: o.Message, Code: code, Signal: o.Signal})
	}
}

func (p *tracingPrimary) keep(all told, o occurrence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.Event == "disconnect" || o.Event == "exit" {
		p.ended[o.Worker] = true
	}
	p.tale = append(p.tale, all)
	p.add(o)
}

// closes counts the servers that a worker has closed.
func (p *tracingPrimary) closes(worker int) (n int) {
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

// takeTale gives what has been told since the last time, and begins a new journal.
func (p *tracingPrimary) takeTale() []told {
	p.mu.Lock()
	defer p.mu.Unlock()
	tale := p.tale
	p.tale, p.journal = nil, newJournal()
	return tale
}

func (p *tracingPrimary) hasEnded(worker int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[worker]
}

func (p *tracingPrimary) awaitEvent(event string, worker int) occurrence {
	p.t.Helper()
	return p.event(p.t, event, worker)
}

func (p *tracingPrimary) do(c command) {
	p.t.Helper()
	if err := p.child.Send(patient(p.t), c); err != nil {
		p.t.Fatal(err)
	}
}

// setup is cluster.setupPrimary.
func (p *tracingPrimary) setup(policy cluster.SchedulingPolicy, settings map[string]any) {
	p.t.Helper()
	p.do(command{"do": "setup", "policy": policy, "settings": settings})
}

func (p *tracingPrimary) book() *journal { return p.journal }

func (p *tracingPrimary) start(env ...string) int {
	p.t.Helper()
	return p.fork(p.program, nil, env...)
}

// fork starts a worker that is a program of its own, or a script of Node's if program is empty.
func (p *tracingPrimary) fork(program string, settings map[string]any, env ...string) int {
	p.t.Helper()
	variables := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	p.last++
	p.do(command{"do": "fork", "program": program, "settings": settings, "env": variables})
	return p.last
}

// pid waits for the process id of a worker.
func (p *tracingPrimary) pid(worker int) int {
	p.t.Helper()
	return p.awaitEvent("pid", worker).Code
}

func (p *tracingPrimary) tell(worker int, message any) {
	p.t.Helper()
	p.do(command{"do": "tell", "worker": worker, "message": message})
}

func (p *tracingPrimary) disconnect(worker int) {
	p.t.Helper()
	p.do(command{"do": "disconnect", "worker": worker})
}

func (p *tracingPrimary) closeChannel(worker int) {
	p.t.Helper()
	p.do(command{"do": "closeChannel", "worker": worker})
}

func (p *tracingPrimary) kill(worker int, signal syscall.Signal) {
	p.t.Helper()
	p.do(command{"do": "signal", "worker": worker, "signal": nodeipc.SignalName(signal)})
}

// doUntil does something at whose end an event comes.
func (p *tracingPrimary) doUntil(event string, c command) {
	p.t.Helper()
	before := p.count(event)
	p.do(c)
	p.await(p.t, event, func(occurrence) bool { return p.count(event) > before })
}

func (p *tracingPrimary) count(event string) (n int) {
	for _, o := range p.all() {
		if o.Event == event {
			n++
		}
	}
	return n
}

// giving is the command to make a handle and send it to a worker with a message, of which it gives the number.
func giving(worker int, kind string, message command) (give command, n int) {
	n = int(questions.Add(1))
	message = maps.Clone(message)
	message["do"], message["n"] = "take", n
	return command{"do": "give", "worker": worker, "kind": kind, "message": message}, n
}

// reply waits for a worker's answer with a number.
func (p *tracingPrimary) reply(worker, n int) (value struct{ Port int }) {
	p.t.Helper()
	o := p.await(p.t, "an answer", func(o occurrence) bool {
		var a answer
		return o.Worker == worker && o.Event == "message" && json.Unmarshal(o.Message, &a) == nil && a.N == n
	})
	if err := json.Unmarshal(o.Message, &value); err != nil {
		p.t.Fatal(err)
	}
	return value
}
