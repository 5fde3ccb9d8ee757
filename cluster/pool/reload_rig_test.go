//go:build unix

package pool_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// program is a server of which there are releases. The number of one and the instance is what it answers, and sends when it listens.
const program = `
	const { RELEASE, NODECLUSTER_INSTANCE, PORT, BEFORE, AFTER } = process.env;
	const me = RELEASE + ' ' + NODECLUSTER_INSTANCE;
	eval(BEFORE || '');
	const server = require('http').createServer((request, response) => response.end(me));
	if (!globalThis.never) server.listen(PORT, '127.0.0.1', () => {
		process.send(me);
		eval(AFTER || '');
	});
	process.on('message', (code) => eval(code));`

// releases are the settings of a program of which a reload starts the next release.
type releases struct {
	base cluster.Settings

	mu  sync.Mutex
	now cluster.Settings
	err error
}

func newReleases(t *testing.T, node nodetest.Runtime, port int, env ...string) *releases {
	r := &releases{base: cluster.Settings{
		Exec: nodetest.Script(t, "program.js", program), ExecPath: node.Path, SchedulingPolicy: cluster.SchedRR,
		Env: append([]string{"PORT=" + strconv.Itoa(port)}, env...),
	}}
	r.publish("1")
	return r
}

// publish makes a release what is reread, with further variables.
func (r *releases) publish(release string, env ...string) cluster.Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.base
	r.now.Env = slices.Concat(r.base.Env, []string{"RELEASE=" + release}, env)
	return r.now
}

func (r *releases) reread() ([]cluster.Settings, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []cluster.Settings{r.now}, r.err
}

// reloadRig is a pool of a program whose workers listen.
type reloadRig struct {
	*rig
	*releases
	port int
}

func newReloadRig(t *testing.T, o pool.Options) *reloadRig {
	t.Helper()
	return newReloadRigOn(t, nodetest.Default(t), o)
}

func newReloadRigOn(t *testing.T, node nodetest.Runtime, o pool.Options) *reloadRig {
	t.Helper()
	return newReloadRigUnder(t, node, cluster.SchedRR, o)
}

func newReloadRigUnder(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, o pool.Options) *reloadRig {
	t.Helper()
	port := clustertest.FreePort(t)
	published := newReleases(t, node, port)
	published.base.SchedulingPolicy = policy
	published.publish("1")
	o.Reread = published.reread
	o.MinPause = time.Millisecond
	r := &reloadRig{newRig(t, published.now, o), published, port}
	for i := range o.Instances {
		r.Event(t, "listening", r.awaitRelease(t, "1", i)) // which Node says after the program's own message
	}
	return r
}

// awaitRelease waits until an instance of a release listens, and gives the worker's id.
func (r *reloadRig) awaitRelease(t *testing.T, release string, instance int) (worker int) {
	t.Helper()
	want := fmt.Sprintf(`"%s %d"`, release, instance)
	return r.Await(t, "instance "+want, func(o clustertest.Occurrence) bool {
		return o.Event == "message" && string(o.Message) == want
	}).Worker
}

// expectServing checks that all workers that run are of a release, and how many.
func (r *reloadRig) expectServing(t *testing.T, release string, workers int) {
	t.Helper()
	all := r.Workers()
	if len(all) != workers {
		t.Errorf("%d workers run, want %d", len(all), workers)
	}
	for range 2 * workers {
		if got := clustertest.BodyOf(t, r.port); !strings.HasPrefix(got, release+" ") {
			t.Errorf("%q has answered, want release %s", got, release)
		}
	}
}

var quick = pool.ReloadOptions{Bake: time.Millisecond, ListenTimeout: clustertest.Patience}

// indexOf is where an event of a worker's stands in the journal.
func indexOf(all []clustertest.Occurrence, event string, worker int) int {
	return slices.IndexFunc(all, func(o clustertest.Occurrence) bool { return o.Event == event && o.Worker == worker })
}

func withVariable(variable string) func(s *cluster.Settings) {
	return func(s *cluster.Settings) { s.Env = append(slices.Clone(s.Env), variable) }
}

func idsOf(workers []*cluster.Worker) (ids []int) {
	for _, w := range workers {
		ids = append(ids, w.ID())
	}
	return ids
}

// reload reloads on a goroutine of its own, and gives the error.
func (r *reloadRig) reload(ctx context.Context, o pool.ReloadOptions) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := r.Reload(ctx, o)
		ended <- err
	}()
	return ended
}
