//go:build unix

package cluster_test

import (
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestSend(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		for w := 1; w <= 2; w++ {
			for _, value := range []string{`"text"`, `12.5`, `true`, `null`, `{"a":[1,{"b":"ü😀"}]}`, `[]`} {
				a := clustertest.AskAgent(t, r, w, clustertest.Command{"do": "echo", "value": rawJSON(value)})
				if string(a.Value) != value {
					t.Errorf("worker %d echoes %s for %s", w, a.Value, value)
				}
			}
		}
		sendConnection(t, r)
	})
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// sendConnection gives connections to a worker, one for good and a copy of one.
func sendConnection(t *testing.T, r *clustertest.Rig) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, keep := range []bool{false, true} {
		c := clustertest.Connect(t, "tcp", l.Addr().String())
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		h, err := handlewrap.FromConn(accepted)
		if err != nil {
			t.Fatal(err)
		}
		accepted.Close()
		closed := make(chan struct{})
		h.OnClose(func() { close(closed) })
		send := r.ForkedWorker(2).SendHandle
		if keep {
			send = r.ForkedWorker(2).SendHandleKeepOpen
		}
		if err := send(clustertest.Patient(t), "a connection", h); err != nil {
			t.Fatal(err)
		}
		if w := c.Worker(t); w != 2 {
			t.Errorf("worker %d greets, want 2", w)
		}
		if keep {
			if h.FD() < 0 {
				t.Error("a handle is closed that was to stay open")
			}
			h.Close()
		}
		<-closed
		c.Close()
	}
}
