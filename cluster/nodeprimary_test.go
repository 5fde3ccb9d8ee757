//go:build unix

package cluster_test

import (
	"context"
	"encoding/json"
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

// nodePrimary is a real Node primary that does as it is told, with a journal of its events.
type nodePrimary struct {
	*journal
	t     testing.TB
	child *nodeipc.Child
	last  int
}

// newNodePrimary starts a Node primary whose settings are those of cluster.setupPrimary, and which ends with the
// test.
func newNodePrimary(t testing.TB, node nodetest.Runtime, policy cluster.SchedulingPolicy, settings map[string]any) *nodePrimary {
	t.Helper()
	var printed output
	cmd := exec.Command(node.Path, filepath.Join("testdata", "primary.cjs"))
	cmd.Stdout, cmd.Stderr = &printed, &printed
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &nodePrimary{journal: newJournal(), t: t, child: child}
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
	p.do(command{"do": "setup", "settings": settings, "policy": policy})
	return p
}

func (p *nodePrimary) follow() {
	for {
		m, err := p.child.Receive(context.Background())
		if err != nil {
			return
		}
		var o occurrence
		if err := json.Unmarshal(m.Payload(), &o); err != nil {
			p.t.Errorf("Node's primary said %s: %v", m.Payload(), err)
		}
		if o.Event != "disconnect" && o.Event != "exit" {
			o.ExitedAfterDisconnect = false
		}
		p.add(o)
	}
}

func (p *nodePrimary) do(c command) {
	p.t.Helper()
	if err := p.child.Send(patient(p.t), c); err != nil {
		p.t.Fatal(err)
	}
}

func (p *nodePrimary) book() *journal { return p.journal }

func (p *nodePrimary) start(env ...string) int {
	variables := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	p.last++
	p.do(command{"do": "fork", "env": variables})
	return p.last
}

func (p *nodePrimary) tell(worker int, message any) {
	p.do(command{"do": "tell", "worker": worker, "message": message})
}

func (p *nodePrimary) disconnect(worker int) { p.do(command{"do": "disconnect", "worker": worker}) }

func (p *nodePrimary) closeChannel(worker int) { p.do(command{"do": "closeChannel", "worker": worker}) }

func (p *nodePrimary) kill(worker int, signal syscall.Signal) {
	p.do(command{"do": "signal", "worker": worker, "signal": nodeipc.SignalName(signal)})
}
