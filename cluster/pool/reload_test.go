//go:build unix

package pool_test

import (
	"net"
	"os"
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

// Each worker is replaced by one with its number, new first, and one at a time.
func TestReload(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, reloadAll)
}

func reloadAll(t *testing.T, node nodetest.Runtime) {
	r := newReloadRigOn(t, node, pool.Options{Instances: 3})
	r.publish("2")
	report, err := r.Reload(clustertest.Patient(t), quick)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(report.Replaced, []int{0, 1, 2}) || len(report.Kept) > 0 || report.Took <= 0 {
		t.Errorf("the report is %+v", report)
	}
	r.expectServing(t, "2", 3)
	all := r.All()
	for i := range 3 {
		old, next := r.awaitRelease(t, "1", i), r.awaitRelease(t, "2", i)
		if listens, ends := indexOf(all, "listening", next), indexOf(all, "disconnect", old); listens > ends {
			t.Errorf("instance %d: the worker had left before its successor listened", i)
		}
		if i > 0 && indexOf(all, "fork", next) < indexOf(all, "listening", next-1) {
			t.Errorf("the successor of instance %d was started before the one before it was ready", i)
		}
	}
	if n := r.forks(); n != 6 {
		t.Errorf("%d workers were started, want 6", n)
	}
	// A worker that dies has a successor of the new release.
	if err := r.Worker(r.awaitRelease(t, "2", 1)).Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.Event(t, "listening", 7)
	r.expectServing(t, "2", 3)
}

// A release that listens elsewhere is one that does not listen, unless that is said. Nobody listens where the one before did then.
func TestReloadToOtherAddresses(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	port := clustertest.FreePort(t)
	r.publish("2", "PORT="+strconv.Itoa(port))
	elsewhere := quick
	elsewhere.OtherAddresses = true
	if _, err := r.Reload(clustertest.Patient(t), elsewhere); err != nil {
		t.Fatal(err)
	}
	if client, err := net.Dial("tcp", clustertest.Local(r.port)); err == nil {
		client.Close()
		t.Error("somebody listens on the port of before")
	}
	r.port = port
	r.expectServing(t, "2", 2)
}

// A reload may be one to other settings than those that the pool rereads. The next one is to those again.
func TestReloadWithSettingsOfItsOwn(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	own := quick
	other := r.base
	other.Env = append(slices.Clone(other.Env), "RELEASE=2")
	own.Reread = func() ([]cluster.Settings, error) { return []cluster.Settings{other}, nil }
	for _, c := range []struct {
		options pool.ReloadOptions
		release string
	}{{own, "2"}, {quick, "1"}} {
		if _, err := r.Reload(clustertest.Patient(t), c.options); err != nil {
			t.Fatal(err)
		}
		r.expectServing(t, c.release, 2)
	}
}

func TestReloadOne(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2")
	report, err := r.ReloadOne(clustertest.Patient(t), 1, quick)
	if err != nil || !slices.Equal(report.Replaced, []int{1}) || !slices.Equal(report.Kept, []int{0}) {
		t.Errorf("the reload of one gives %+v, %v", report, err)
	}
	if w := r.awaitRelease(t, "2", 1); !slices.Equal(idsOf(r.Workers()), []int{1, w}) {
		t.Errorf("the workers are %v", idsOf(r.Workers()))
	}
	for _, instance := range []int{-1, 2} {
		if report, err := r.ReloadOne(clustertest.Patient(t), instance, quick); err == nil || len(report.Replaced) > 0 {
			t.Errorf("the reload of instance %d, which is not there, gives %+v, %v", instance, report, err)
		}
	}
}

// A program that says itself when it is ready may listen on whatever it likes.
func TestReloadThatWaitsForReady(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "PORT="+strconv.Itoa(clustertest.FreePort(t)), "AFTER=process.send('ready')")
	o := quick
	o.WaitReady = true
	if _, err := r.Reload(clustertest.Patient(t), o); err != nil {
		t.Fatal(err)
	}
	clustertest.ExpectRefusal(t, r.port)
}

// Servers of a worker's own, such as one on a path by its pid, need not be those of the worker before it, and go with it.
func TestReloadWithServersOfOnesOwn(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	r := newReloadRig(t, pool.Options{Instances: 2, Restart: pool.RestartAlways})
	r.publish("2", "BEFORE=require('net').createServer().listen('"+folder+"/' + process.pid)")
	for range 2 { // from workers without such servers to others with them, and on
		if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
			t.Fatal(err)
		}
	}
	r.expectServing(t, "2", 2)
	want := []string{}
	for _, w := range r.Workers() {
		want = append(want, strconv.Itoa(w.Pid()))
	}
	slices.Sort(want)
	if !clustertest.Eventually(func() bool { return slices.Equal(namesOf(t, folder), want) }) {
		t.Errorf("the sockets are %v, want %v", namesOf(t, folder), want)
	}
}

func namesOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		names = append(names, file.Name())
	}
	return names
}

// Programs that never listen, and that never say anything, are reloaded too.
func TestReloadOfProgramsThatDoNotListen(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, cluster.Settings{Exec: nodetest.Script(t, "job.js", "process.on('message', () => {})"), ExecPath: nodetest.Default(t).Path}, pool.Options{
		Instances: 2, Programs: []pool.Program{{Settings: clustertest.Shell("read end <&3")}},
	})
	r.Event(t, "online", 1)
	r.Event(t, "online", 2)
	o := quick
	o.Parallel = 3
	if _, err := r.ReloadOne(clustertest.Patient(t), 1, o); err != nil {
		t.Error(err)
	}
	if _, err := r.ReloadOne(clustertest.Patient(t), 2, pool.ReloadOptions{Bake: -1, ListenTimeout: 1}); err == nil || !strings.Contains(err.Error(), "come online") {
		t.Errorf("the reload of a program of which nothing is known yet ends with %v", err)
	}
}

func TestReloadOptionsThatMakeNoSense(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newPool(t, clustertest.Shell("exit 0"), pool.Options{Instances: 1})
	for want, o := range map[string]pool.ReloadOptions{
		"ReloadOptions.ListenTimeout is -1s: use a longer duration, or 0 for 30s": {ListenTimeout: -time.Second},
		"ReloadOptions.Parallel is -2: use 1 or more, or 0 for 1":                 {Parallel: -2},
		"reload: the pool has not started":                                        {},
	} {
		if _, err := p.Reload(clustertest.Patient(t), o); err == nil || err.Error() != "pool: "+want {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
