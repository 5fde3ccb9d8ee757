//go:build linux

package pool_test

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// startRealPool runs one of the sample programs in two workers.
func startRealPool(t *testing.T, node nodetest.Runtime, app string, o pool.Options, method cluster.StopMethod) (*rig, int) {
	t.Helper()
	port := clustertest.FreePort(t)
	settings := clustertest.RealSettings(t, node, clustertest.RealApp(t, app), nil)
	settings.Env = append(settings.Env, "PORT="+strconv.Itoa(port))
	settings.StopMethod = method
	o.Instances = 2
	r := newRig(t, settings, o)
	for id := 1; id <= o.Instances; id++ {
		r.Listening(t, id, port)
	}
	return r, port
}

// Frameworks lose no request in reloads, though their clients keep their connections.
func TestDrainOfFrameworks(t *testing.T) {
	nodetest.NoLeaks(t)
	nodes := nodetest.Nodes(t)
	node := nodes[len(nodes)-1] // the frameworks run on no old one
	var reloading sync.WaitGroup
	for _, app := range []string{"express5.js", "fastify.js", "nest.js"} {
		r, port := startRealPool(t, node, app, pool.Options{KillTimeout: clustertest.Patience}, cluster.StopDisconnect)
		clients := startDrainClients(t, app, slices.Repeat([]clientKind{frameworkClient(port)}, 4))
		reloading.Go(func() { reloadUnderLoad(t, app, r.Pool, 5, clients) })
	}
	reloading.Wait()
}

// frameworkClient keeps a connection until an answer says that it is the last one, whatever the answer is.
func frameworkClient(port int) clientKind {
	open := func() (net.Conn, error) { return net.Dial("tcp", clustertest.Local(port)) }
	return clientKind{"a client", talker{open: open, asks: []ask{newAsk("GET", "/", nil, anything)}, burst: 5, thought: maxThought}.talk}
}
