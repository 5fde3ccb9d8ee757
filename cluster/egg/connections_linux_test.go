package egg

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestOpenConnectionsOfAMaster counts those of clients that keep theirs open, and none once they have closed them.
func TestOpenConnectionsOfAMaster(t *testing.T) {
	for name, sticky := range map[string]bool{"shared": false, "sticky": true} {
		t.Run(name, func(t *testing.T) {
			eachEgg(t, func(t *testing.T, egg string) {
				r := startReady(t, egg, map[string]any{"sticky": sticky}, nil)
				const clients = 5
				var open []net.Conn
				for range clients {
					open = append(open, r.askAndStay())
				}
				r.expectOpen(clients)
				for _, conn := range open {
					conn.Close()
				}
				r.expectOpen(0)
				r.Stop("SIGTERM")
				r.stopped()
				if _, err := r.OpenConnections(nodetest.Context(t)); !errors.Is(err, cluster.ErrClosed) {
					t.Errorf("after the end it says %v", err)
				}
			})
		})
	}
}

// askAndStay gets an answer on a connection that stays open.
func (r *rig) askAndStay() net.Conn {
	r.t.Helper()
	conn := r.dial()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		r.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	response.Body.Close()
	return conn
}

// expectOpen waits until the app workers have that many connections open.
func (r *rig) expectOpen(want int) {
	r.t.Helper()
	var workers []*cluster.Worker
	for _, a := range r.status().Apps {
		workers = append(workers, a.Worker)
	}
	var counts []int
	var err error
	if !clustertest.Eventually(func() bool {
		counts, err = r.OpenConnections(nodetest.Context(r.t), workers...)
		sum := 0
		for _, n := range counts {
			sum += n
		}
		return err == nil && len(counts) == len(workers) && sum == want
	}) {
		r.t.Errorf("the open connections are %v, %v, want %d", counts, err, want)
	}
}
