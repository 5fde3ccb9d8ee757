package pool_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// socketClients opens WebSockets, by ws or by socket.io, and prints when all are open, and the code with which each is closed.
const socketClients = `
	const [kind, port, count] = process.argv.slice(2);
	const say = (what) => console.log(JSON.stringify(what));
	let opened = 0;
	const hasOpened = () => ++opened == count && say({ open: true });
	const open = {
		ws() {
			const socket = new (require('ws').WebSocket)('ws://127.0.0.1:' + port);
			socket.on('open', hasOpened).on('close', (code) => say({ code }));
		},
		socketio() {
			const socket = require('socket.io-client').io('http://127.0.0.1:' + port, { transports: ['websocket'], forceNew: true, reconnection: false });
			socket.on('connect', hasOpened).on('disconnect', (reason, { context }) => say({ code: context.code }));
		},
	}[kind];
	for (let i = 0; i < count; i++) open();`

// bothSocketApps are two of the sample programs in one.
const bothSocketApps = `
	for (const [app, port] of Object.entries(JSON.parse(process.env.APPS))) {
		process.env.PORT = port;
		require(app);
	}`

// The clients of WebSocket servers that close their connections at SIGTERM see that, in a reload and when the pool is shut down: 1001 of
// ws, and a close without a code, which is 1005, of socket.io. The signals come after seconds.
func TestDrainOfWebSockets(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for i, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort} {
			for j, method := range []cluster.StopMethod{cluster.StopDisconnect, cluster.StopBySignal} {
				if i != j && !nodetest.All() { // each of the four is seen once
					continue
				}
				t.Run(string(policy)+" "+string(method), func(t *testing.T) {
					t.Parallel()
					drainWebSockets(t, node, policy, method)
				})
			}
		}
	})
}

func drainWebSockets(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, method cluster.StopMethod) {
	codes := map[string]int{"ws": 1001, "socketio": 1005}
	ports, apps := map[string]int{}, map[string]int{}
	for kind := range codes {
		ports[kind] = clustertest.FreePort(t)
		apps[clustertest.RealApp(t, kind+".js")] = ports[kind]
	}
	env, err := json.Marshal(apps)
	if err != nil {
		t.Fatal(err)
	}
	settings := clustertest.RealSettings(t, node, nodetest.Script(t, "both.js", bothSocketApps), nil)
	settings.Env = append(settings.Env, "APPS="+string(env))
	settings.SchedulingPolicy, settings.StopMethod = policy, method
	r := newRig(t, settings, pool.Options{Instances: 3, KillTimeout: 6 * time.Second})
	awaitAll := func(change string, act func() error) {
		var closing sync.WaitGroup
		for kind, code := range codes {
			c := openSockets(t, node, kind, ports[kind], 9)
			closing.Go(func() { c.expectCloses(t, change, code) })
		}
		if err := act(); err != nil {
			t.Errorf("%s: %v", change, err)
		}
		closing.Wait()
	}
	for id := 1; id <= 3; id++ {
		for _, port := range ports {
			r.Listening(t, id, port)
		}
	}
	awaitAll("reload", func() error {
		_, err := r.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, Parallel: 3})
		return err
	})
	awaitAll("shutdown", func() error {
		r.Shutdown(clustertest.Patient(t))
		return nil
	})
	for _, o := range r.All() {
		if o.Event == "exit" && o.Signal != "" {
			t.Errorf("a worker did not end by itself: %v", o)
		}
	}
}

// sockets are the clients of WebSockets in a process.
type sockets struct {
	kind    string
	count   int
	process *exec.Cmd
	said    *bufio.Scanner
}

// openSockets starts a process with a number of clients, and waits until all are connected.
func openSockets(t *testing.T, node nodetest.Runtime, kind string, port, count int) *sockets {
	t.Helper()
	process := exec.CommandContext(clustertest.Patient(t), node.Path, nodetest.Script(t, kind+"clients.js", socketClients), kind, strconv.Itoa(port), strconv.Itoa(count))
	process.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(nodetest.Apps(t), "node_modules"))
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	c := &sockets{kind, count, process, bufio.NewScanner(out)}
	if !c.said.Scan() || c.said.Text() != `{"open":true}` {
		t.Errorf("the clients of %s say %q, and not that they are connected", kind, c.said.Text())
	}
	return c
}

// expectCloses waits until all are closed.
func (c *sockets) expectCloses(t *testing.T, change string, code int) {
	closes := 0
	for ; c.said.Scan(); closes++ {
		if want := fmt.Sprintf(`{"code":%d}`, code); c.said.Text() != want {
			t.Errorf("%s: a client of %s says %s, want %s", change, c.kind, c.said.Text(), want)
		}
	}
	if err := c.process.Wait(); err != nil || closes != c.count {
		t.Errorf("%s: %d clients of %s have seen a close, want %d; the process ended with %v", change, closes, c.kind, c.count, err)
	}
}
