//go:build linux

package pool_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// ownListeners is a program whose workers listen on a port of all, and each on a port and a path by its id, a path by its pid, and
// a port of the system's choice.
const ownListeners = `
	const net = require('net');
	const { id } = require('cluster').worker;
	const ports = process.env.PORTS.split(' ');
	const listens = [ports[0], ports[id], 'id-' + id, 'pid-' + process.pid, 0].map(
		(where) => new Promise((resolve) => net.createServer().listen(where, resolve)));
	Promise.all(listens).then(() => process.send('ready'));`

// What the workers that have died listened on, and no successor listens on, is let go. It is refused again, as under Node.
func TestListenersThatNobodyAsksForAgain(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		const workers, deaths = 2, 3
		var ports []int
		for range 1 + workers + deaths {
			ports = append(ports, clustertest.FreePort(t))
		}
		folder := t.TempDir()
		r := newRig(t, cluster.Settings{
			Exec: nodetest.Script(t, "own.js", ownListeners), ExecPath: node.Path, Cwd: folder, SchedulingPolicy: cluster.SchedRR,
			Env: []string{"PORTS=" + strings.Trim(fmt.Sprint(ports), "[]")},
		}, pool.Options{Instances: workers, MinPause: time.Millisecond})
		clustertest.AwaitReady(t, r.Journal, 1)
		clustertest.AwaitReady(t, r.Journal, 2)
		before := clustertest.OpenDescriptors(t)
		for id := 1; id <= deaths; id++ {
			if err := r.Worker(id).Kill(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			clustertest.AwaitReady(t, r.Journal, workers+id)
		}
		want := []string{}
		for _, w := range r.Workers() {
			want = append(want, "id-"+strconv.Itoa(w.ID()), "pid-"+strconv.Itoa(w.Pid()))
		}
		slices.Sort(want)
		if !clustertest.Eventually(func() bool { return slices.Equal(namesOf(t, folder), want) && clustertest.OpenDescriptors(t) <= before }) {
			t.Errorf("the sockets are %v, want %v; there are %d descriptors, before %d", namesOf(t, folder), want, clustertest.OpenDescriptors(t), before)
		}
		for id := 1; id <= deaths; id++ {
			clustertest.ExpectRefusal(t, ports[id])
		}
		for _, port := range append(ports[deaths+1:], ports[0]) {
			clustertest.Connect(t, "tcp", clustertest.Local(port))
		}
		r.Shutdown(clustertest.Patient(t))
	})
}

// A place that is given up holds nothing: who listens on a port of its own there has no successor.
func TestListenersOfAPlaceThatIsGivenUp(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	settings, printed := clustertest.Greeters(port), clustertest.Output{}
	settings.Stderr = &printed
	r := newRig(t, clustertest.Greeters(clustertest.FreePort(t)), pool.Options{
		Instances: 1, MaxRestarts: -1, Programs: []pool.Program{{Settings: settings}},
	})
	r.Event(t, "listening", 1)
	r.Listening(t, 2, port)
	if err := r.Worker(2).Kill(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	r.Event(t, "exit", 2)
	if !clustertest.Eventually(func() bool {
		_, err := clustertest.Greeted(port)
		return err != nil && strings.Contains(err.Error(), "refused")
	}) {
		t.Error("the port of a place that is given up is not refused")
	}
}
