//go:build unix

package cluster_test

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
)

// ends are ways in which a worker can come to its end.
var ends = []struct {
	name string
	end  func(d clustertest.Driver, worker int)
}{
	{"disconnect", func(d clustertest.Driver, w int) { d.DisconnectWorker(w) }},
	{"the worker's own disconnect", func(d clustertest.Driver, w int) { d.Tell(w, clustertest.Command{"do": "disconnect"}) }},
	{"the worker's own kill", func(d clustertest.Driver, w int) { d.Tell(w, clustertest.Command{"do": "kill"}) }},
	{"the channel closed", func(d clustertest.Driver, w int) { d.CloseChannel(w) }},
	{"exit", func(d clustertest.Driver, w int) { d.Tell(w, clustertest.Command{"do": "exit", "code": 3}) }},
	{"exit 0", func(d clustertest.Driver, w int) { d.Tell(w, clustertest.Command{"do": "exit", "code": 0}) }},
	{"crash", func(d clustertest.Driver, w int) { d.Tell(w, clustertest.Command{"do": "crash"}) }},
	{"SIGTERM", func(d clustertest.Driver, w int) { d.Kill(w, syscall.SIGTERM) }},
	{"SIGKILL", func(d clustertest.Driver, w int) { d.Kill(w, syscall.SIGKILL) }},
}

// lived is all that a primary told of a worker: 'disconnect' and 'exit' come in either order.
type lived struct {
	Name             string
	Before           []clustertest.Occurrence
	Disconnect, Exit clustertest.Occurrence
}

func endInEveryWay(t *testing.T, d clustertest.Driver, p clustertest.Place) any {
	ends := ends
	if p.Policy == cluster.SchedNone {
		ends = ends[:2] // in the others it makes no difference whose the sockets are
	}
	workers := make([]int, len(ends))
	for i := range ends {
		workers[i] = d.Start()
	}
	for _, w := range workers {
		clustertest.AwaitReady(t, d.Book(), w)
		clustertest.AskAgent(t, d, w, clustertest.Command{"do": "listen", "options": map[string]any{"port": p.Port}})
		d.Book().Event(t, "listening", w)
	}
	var all []lived
	for i, e := range ends {
		e.end(d, workers[i])
		l := lived{Name: e.name, Disconnect: d.Book().Event(t, "disconnect", workers[i]), Exit: d.Book().Event(t, "exit", workers[i])}
		for _, o := range d.Book().Of(workers[i]) {
			if o.Event != "disconnect" && o.Event != "exit" {
				l.Before = append(l.Before, o)
			}
		}
		all = append(all, l)
	}
	return all
}
