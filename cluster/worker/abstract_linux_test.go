package worker_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// An address that begins with '@' is an abstract name, as package net has it, alone and under every primary. Node's primary
// of a version before 22 makes another name of it.
func TestAbstractName(t *testing.T) {
	name := fmt.Sprintf("@nodecluster-go-%d", os.Getpid())
	t.Run("alone", func(t *testing.T) {
		nodetest.NoLeaks(t)
		l, err := worker.ListenConfig{WritableAll: true}.Listen(context.Background(), joinAlone(t), "unix", name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conn, err := net.Dial("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	})
	listens := func(reachable bool) func(under) {
		return func(u under) {
			clustertest.AwaitReady(u.t, u.Book(), u.Start())
			a := clustertest.AskAgent(u.t, u, 1, clustertest.Command{"do": "listen", "options": map[string]any{"path": name, "writableAll": true}})
			if a.Error != nil {
				u.t.Fatal(a.Error)
			}
			if reachable {
				if w := clustertest.WhoServes(u.t, "unix", name); w != 1 {
					u.t.Errorf("worker %d serves", w)
				}
			}
			if _, err := os.Lstat(name); !os.IsNotExist(err) {
				u.t.Errorf("a file %s: %v", name, err)
			}
		}
	}
	underOurs(t, clustertest.AgentProgram, nodePolicies, listens(true))
	underNode(t, clustertest.AgentProgram, []int{22, 26}, nodePolicies, listens(nodetest.All() || nodetest.Default(t).Major >= 22))
}
