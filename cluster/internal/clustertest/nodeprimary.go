//go:build unix

package clustertest

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// nodePrimary is a real Node primary that does as it is told, with a journal of its events.
type nodePrimary struct {
	*Journal
	t     testing.TB
	child *nodeipc.Child
	last  int
}

// NewNodePrimary starts a Node primary whose settings are those of cluster.setupPrimary, and which ends with the
// test.
func NewNodePrimary(t testing.TB, node nodetest.Runtime, policy cluster.SchedulingPolicy, settings map[string]any) *nodePrimary {
	t.Helper()
	var printed Output
	cmd := exec.Command(node.Path, Script("primary.cjs"))
	cmd.Stdout, cmd.Stderr = &printed, &printed
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &nodePrimary{Journal: NewJournal(), t: t, child: child}
	var followed sync.WaitGroup
	followed.Go(p.follow)
	t.Cleanup(func() {
		child.Disconnect()
		if _, err := child.Wait(); err != nil {
			t.Error(err)
		}
		followed.Wait()
		child.Channel.Close()
		if t.Failed() && printed.String() != "" {
			t.Logf("Node's primary and its workers printed:\n%s", &printed)
		}
	})
	p.do(Command{"do": "setup", "settings": settings, "policy": policy})
	return p
}

func (p *nodePrimary) follow() {
	for {
		m, err := p.child.Receive(context.Background())
		if err != nil {
			return
		}
		var o Occurrence
		if err := json.Unmarshal(m.Payload(), &o); err != nil {
			p.t.Errorf("Node's primary said %s: %v", m.Payload(), err)
		}
		if o.Event != "disconnect" && o.Event != "exit" {
			o.ExitedAfterDisconnect = false
		}
		p.add(o)
	}
}

func (p *nodePrimary) do(c Command) {
	p.t.Helper()
	if err := p.child.Send(Patient(p.t), c); err != nil {
		p.t.Fatal(err)
	}
}

// Pid returns the primary's process id.
func (p *nodePrimary) Pid() int { return p.child.Pid() }

func (p *nodePrimary) Book() *Journal { return p.Journal }

func (p *nodePrimary) Start(env ...string) int {
	variables := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	p.last++
	p.do(Command{"do": "fork", "env": variables})
	return p.last
}

func (p *nodePrimary) Tell(worker int, message any) {
	p.do(Command{"do": "tell", "worker": worker, "message": message})
}

func (p *nodePrimary) DisconnectWorker(worker int) {
	p.do(Command{"do": "disconnect", "worker": worker})
}

func (p *nodePrimary) CloseChannel(worker int) { p.do(Command{"do": "closeChannel", "worker": worker}) }

func (p *nodePrimary) Kill(worker int, signal syscall.Signal) {
	p.do(Command{"do": "signal", "worker": worker, "signal": nodeipc.SignalName(signal)})
}
