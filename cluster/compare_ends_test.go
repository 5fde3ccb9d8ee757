//go:build unix

package cluster_test

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// ends are ways in which a worker can come to its end.
var ends = []struct {
	name string
	end  func(d driver, worker int)
}{
	{"disconnect", func(d driver, w int) { d.disconnect(w) }},
	{"the worker's own disconnect", func(d driver, w int) { d.tell(w, command{"do": "disconnect"}) }},
	{"the worker's own kill", func(d driver, w int) { d.tell(w, command{"do": "kill"}) }},
	{"the channel closed", func(d driver, w int) { d.closeChannel(w) }},
	{"exit", func(d driver, w int) { d.tell(w, command{"do": "exit", "code": 3}) }},
	{"exit 0", func(d driver, w int) { d.tell(w, command{"do": "exit", "code": 0}) }},
	{"crash", func(d driver, w int) { d.tell(w, command{"do": "crash"}) }},
	{"SIGTERM", func(d driver, w int) { d.kill(w, syscall.SIGTERM) }},
	{"SIGKILL", func(d driver, w int) { d.kill(w, syscall.SIGKILL) }},
}

// lived is all that a primary told of a worker: 'disconnect' and 'exit' come in either order.
type lived struct {
	Name             string
	Before           []occurrence
	Disconnect, Exit occurrence
}

func endInEveryWay(t *testing.T, d driver, p place) any {
	ends := ends
	if p.policy == cluster.SchedNone {
		ends = ends[:2] // in the others it makes no difference whose the sockets are
	}
	workers := make([]int, len(ends))
	for i := range ends {
		workers[i] = d.start()
	}
	for _, w := range workers {
		awaitReady(t, d.book(), w)
		askAgent(t, d, w, command{"do": "listen", "options": map[string]any{"port": p.port}})
		d.book().event(t, "listening", w)
	}
	var all []lived
	for i, e := range ends {
		e.end(d, workers[i])
		l := lived{Name: e.name, Disconnect: d.book().event(t, "disconnect", workers[i]), Exit: d.book().event(t, "exit", workers[i])}
		for _, o := range d.book().of(workers[i]) {
			if o.Event != "disconnect" && o.Event != "exit" {
				l.Before = append(l.Before, o)
			}
		}
		all = append(all, l)
	}
	return all
}
