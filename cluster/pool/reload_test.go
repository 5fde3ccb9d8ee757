//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
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

// A release that does not work leaves the workers that there are, and the error says what is wrong with it.
func TestReloadOfWhatDoesNotWork(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, reloadWhatDoesNotWork)
}

func reloadWhatDoesNotWork(t *testing.T, node nodetest.Runtime) {
	r := newReloadRigOn(t, node, pool.Options{Instances: 2})
	gone := t.TempDir()
	for _, c := range []struct {
		name    string
		change  func(s *cluster.Settings)
		options pool.ReloadOptions
		want    string
	}{
		{"throws", withVariable("BEFORE=throw new Error('bad')"), quick, "ended with code 1 before it was ready"},
		{"ends", withVariable("BEFORE=process.exit(0)"), quick, "ended with code 0 before it was ready"},
		{"never listens", withVariable("BEFORE=never = true"), pool.ReloadOptions{ListenTimeout: time.Second}, fmt.Sprintf("did not listen on 127.0.0.1:%d within 1s", r.port)},
		{"is never online", func(s *cluster.Settings) { s.ExecPath, s.Exec, s.Args = "/bin/sleep", "", []string{"1000"} },
			pool.ReloadOptions{ListenTimeout: 300 * time.Millisecond}, "did not come online within 300ms"},
		{"is never ready", func(*cluster.Settings) {}, pool.ReloadOptions{ListenTimeout: time.Second, WaitReady: true}, `did not send "ready" within 1s`},
		{"dies soon", withVariable("AFTER=setImmediate(() => process.exit(3))"), pool.ReloadOptions{Bake: time.Hour}, "ms after it was started"},
		{"is killed soon", withVariable("AFTER=setImmediate(() => process.kill(process.pid, 'SIGKILL'))"), pool.ReloadOptions{Bake: time.Hour}, "ended with signal SIGKILL"},
		{"leaves soon", withVariable("AFTER=setImmediate(() => require('cluster').worker.disconnect())"), pool.ReloadOptions{Bake: time.Hour}, "ended with code 0"},
		{"cannot listen", withVariable("BEFORE=require('net').createServer().listen(" + strconv.Itoa(clustertest.TakePort(t)) + ", '127.0.0.1')"),
			quick, syscall.EADDRINUSE.Error()},
		{"has no script", func(s *cluster.Settings) { s.Exec = gone + "/gone.js" }, quick, "gone.js) ended with code 1 before it was ready"},
		{"has no program", func(s *cluster.Settings) { s.ExecPath = gone + "/gone" }, quick, syscall.ENOENT.Error()},
		{"has no folder", func(s *cluster.Settings) { s.Cwd = gone + "/gone" }, quick, syscall.ENOENT.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := r.publish("2")
			c.change(&s)
			r.mu.Lock()
			r.now = s
			r.mu.Unlock()
			before := r.Workers()
			report, err := r.Reload(clustertest.Patient(t), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pool: reload: ") {
				t.Errorf("the reload ended with %v, want %q", err, c.want)
			}
			if !slices.Equal(report.Kept, []int{0, 1}) || len(report.Replaced) > 0 {
				t.Errorf("the report is %+v", report)
			}
			if after := r.Workers(); !slices.Equal(after, before) {
				t.Errorf("the workers are %v, want %v", idsOf(after), idsOf(before))
			}
			r.expectServing(t, "1", 2)
		})
	}
	r.publish("3")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "3", 2)
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

// What cannot be reread fails a reload before anything has happened.
func TestReloadOfWhatCannotBeReread(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.err = errors.New("line 3: use NAME=VALUE")
	if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, r.err) {
		t.Errorf("the reload ended with %v", err)
	}
	if err := r.Restart(clustertest.Patient(t)); !errors.Is(err, r.err) {
		t.Errorf("the restart ended with %v", err)
	}
	r.expectServing(t, "1", 1)
	if n := r.forks(); n != 1 {
		t.Errorf("%d workers were started, want 1", n)
	}
}

// What the new worker printed last is in the error, where the pool sees it, and goes where it went otherwise too.
func TestReloadOfWhatSaysWhy(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.publish("2", "BEFORE=for (let i = 0; i < 30; i++) console.log('line ' + i); throw new Error('no database')")
	var out clustertest.Output
	r.now.Stdout, r.now.Stderr = &out, &out
	_, err := r.Reload(clustertest.Patient(t), quick)
	var failed *pool.InstanceError
	if !errors.As(err, &failed) || failed.Instance != 0 || len(failed.Output) != 20 {
		t.Fatalf("the reload ended with %v, as %+v", err, failed)
	}
	if output := strings.Join(failed.Output, "\n"); !strings.Contains(output, "Error: no database\n    at ") || !strings.HasSuffix(out.String(), output[strings.LastIndex(output, "\n"):]+"\n") {
		t.Errorf("the error carries %q, and %q was printed", output, out.String())
	}
	if !strings.HasSuffix(err.Error(), " | Error: no database") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %q", err)
	}
	r.publish("3")
	r.now.Stderr = &out
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "3", 1)
}

// Instances that have been replaced when another fails get workers of the release before.
func TestReloadThatFailsLate(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 3})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '2') throw new Error('bad')")
	report, err := r.Reload(clustertest.Patient(t), quick)
	if err == nil || !strings.Contains(err.Error(), "instance 2: ") {
		t.Errorf("the reload ended with %v", err)
	}
	if !slices.Equal(report.Kept, []int{0, 1, 2}) || len(report.Replaced) > 0 {
		t.Errorf("the report is %+v", report)
	}
	r.expectServing(t, "1", 3)
}

// A new worker that fails while others are started ends the reload too, and the worker after it is of the release before.
func TestReloadWhoseNewWorkersDie(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '1') never = true; else process.on('message', () => process.exit(9))")
	ended := make(chan error)
	go func() {
		_, err := r.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, ListenTimeout: time.Hour})
		ended <- err
	}()
	first := r.awaitRelease(t, "2", 0)
	r.Event(t, "online", first+1)
	if err := r.Worker(first).Send(clustertest.Patient(t), "end"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "instance 0: the new worker has failed") || !strings.Contains(err.Error(), "code 9") {
		t.Errorf("the reload ended with %v", err)
	}
	r.Event(t, "listening", first+2)
	r.expectServing(t, "1", 2)
}

// A reload that is cancelled ends as one that fails.
func TestReloadThatIsCancelled(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	for name, c := range map[string]struct {
		before string
		event  string
	}{
		"while a worker starts": {"never = true", "online"},
		"while it is watched":   {"", "listening"},
	} {
		t.Run(name, func(t *testing.T) {
			r.publish("2", "BEFORE="+c.before)
			ctx, cancel := context.WithCancel(clustertest.Patient(t))
			next := r.forks() + 1
			ended := r.reload(ctx, pool.ReloadOptions{Bake: time.Hour, ListenTimeout: time.Hour})
			r.Event(t, c.event, next)
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the reload ended with %v, want %v", err, context.Canceled)
			}
			r.Event(t, "exit", next)
			r.expectServing(t, "1", 2)
		})
	}
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

// A second reload is refused, or waits as it is asked to.
func TestReloadBesideAnother(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "BEFORE=never = true")
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	first := r.reload(ctx, pool.ReloadOptions{ListenTimeout: time.Hour})
	r.Event(t, "online", 3)
	if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, pool.ErrReloading) {
		t.Errorf("a second reload ended with %v, want %v", err, pool.ErrReloading)
	}
	impatient, give := context.WithCancel(clustertest.Patient(t))
	give()
	if _, err := r.Reload(impatient, pool.ReloadOptions{Wait: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a reload that waited ended with %v, want %v", err, context.Canceled)
	}
	waits := quick
	waits.Wait = true
	second := r.reload(clustertest.Patient(t), waits)
	r.publish("3")
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first reload ended with %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second reload ended with %v", err)
	}
	r.expectServing(t, "3", 2)
}

// A pool that is shut down or closed ends a reload, whichever worker it is at.
func TestEndOfThePoolInAReload(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, end := range map[string]func(r *reloadRig){
		"Shutdown": func(r *reloadRig) { r.Shutdown(context.Background()) },
		"Close":    func(r *reloadRig) { r.Pool.Close() },
	} {
		for event, o := range map[string]pool.ReloadOptions{
			"online":     {ListenTimeout: time.Hour},
			"listening":  {Bake: time.Hour},
			"disconnect": {Bake: -1},
		} {
			t.Run(name+" at "+event, func(t *testing.T) {
				nodetest.NoLeaks(t)
				r := newReloadRig(t, pool.Options{Instances: 2})
				o.WaitReady = event == "online"
				ended := r.reload(clustertest.Patient(t), o)
				r.Await(t, event, func(o clustertest.Occurrence) bool {
					return o.Event == event && (o.Worker == 3 || event == "disconnect")
				})
				end(r)
				// The last worker may have been replaced by the time.
				if err := <-ended; !errors.Is(err, cluster.ErrClosed) && (err != nil || event != "disconnect") {
					t.Errorf("the reload ended with %v, want %v", err, cluster.ErrClosed)
				}
				if n := len(r.Workers()); n > 0 {
					t.Errorf("%d workers are left", n)
				}
				if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, cluster.ErrClosed) {
					t.Errorf("a reload afterwards ended with %v, want %v", err, cluster.ErrClosed)
				}
			})
		}
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

// An instance whose workers fail gets one of the next release that does not.
func TestReloadOfInstancesThatFail(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, pause := range map[string]time.Duration{"in a pause": time.Hour, "given up": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			published := newReleases(t, nodetest.Default(t), clustertest.FreePort(t), "BEFORE=if (RELEASE === '1' && NODECLUSTER_INSTANCE === '1') process.exit(1)")
			r := newRig(t, published.now, pool.Options{Instances: 2, Reread: published.reread, MinPause: pause, MaxRestarts: 1})
			rr := &reloadRig{r, published, 0}
			rr.awaitRelease(t, "1", 0)
			if pause == time.Hour {
				r.Event(t, "exit", 2)
			} else {
				r.Await(t, "the end of the restarts", func(o clustertest.Occurrence) bool {
					return o.Event == "error" && strings.Contains(o.Err.Error(), "not restarted any more")
				})
			}
			published.publish("2")
			report, err := r.Reload(clustertest.Patient(t), quick)
			if err != nil || !slices.Equal(report.Replaced, []int{0, 1}) {
				t.Errorf("the reload gives %+v, %v", report, err)
			}
			rr.awaitRelease(t, "2", 1)
		})
	}
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

// Who watches a reload sees each step of each worker.
func TestProgress(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	ctx, stop := context.WithCancel(clustertest.Patient(t))
	defer stop()
	steps := r.Progress(ctx)
	r.Progress(ctx) // of which nobody takes anything
	r.publish("2")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for step := range steps {
		text := fmt.Sprint(step.Change, " ", step.Step, " ", step.Instance)
		if step.Worker != nil {
			text += fmt.Sprint(" ", step.Worker.ID())
		}
		if seen = append(seen, text); step.Step == pool.Ended {
			break
		}
	}
	want := []string{
		"reload begun -1", "reload started 0 3", "reload ready 0 3", "reload replaced 0 3", "reload started 1 4", "reload ready 1 4",
		"reload replaced 1 4", "reload ended -1",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the steps are %q, want %q", seen, want)
	}
	later := r.Progress(clustertest.Patient(t))
	r.Shutdown(clustertest.Patient(t))
	for step := range later {
		t.Errorf("after the reload there is %+v", step)
	}
}

// All workers are replaced at once, old first, and clients wait meanwhile.
func TestRestart(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 3})
	load := clustertest.StartLoad(r.port)
	t.Cleanup(load.Stop)
	r.publish("2")
	if err := r.Restart(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	for _, f := range load.Failures {
		t.Errorf("a client failed with %v", f.Err)
	}
	r.expectServing(t, "2", 3)
	all := r.All()
	for i := range 3 {
		if old, next := r.awaitRelease(t, "1", i), r.awaitRelease(t, "2", i); indexOf(all, "exit", old) > indexOf(all, "fork", next) {
			t.Errorf("the successor of instance %d came before its worker had ended", i)
		}
	}
	if r.Settings().HoldWhenLeaving {
		t.Error("sockets are held for workers that leave after a restart")
	}
	// A release that fails is restarted as any other.
	r.publish("3", "BEFORE=if (NODECLUSTER_INSTANCE === '1') process.exit(4)")
	if err := r.Restart(clustertest.Patient(t)); err == nil || !strings.Contains(err.Error(), "instance 1: ") || !strings.Contains(err.Error(), "code 4") {
		t.Errorf("the restart ended with %v", err)
	}
	r.awaitRelease(t, "3", 0)
	r.awaitRelease(t, "3", 2)
	r.publish("4")
	if err := r.Restart(clustertest.Patient(t)); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "4", 3)
}

// A worker that was replaced and stays does not keep a reload from its end, nor a pool from its own, when they are not to wait.
func TestReplacedWorkersThatStay(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1, KillTimeout: forever})
	old := r.Worker(1)
	if err := old.Send(clustertest.Patient(t), "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.send('stays')"); err != nil {
		t.Fatal(err)
	}
	r.Await(t, "a worker that stays", func(o clustertest.Occurrence) bool { return string(o.Message) == `"stays"` })
	r.publish("2")
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	ended := r.reload(ctx, quick)
	r.Event(t, "disconnect", 1)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "it is done, but for workers that have not left yet") {
		t.Errorf("the reload ended with %v", err)
	}
	r.expectServing(t, "2", 1)
	r.Shutdown(ctx)
	expectStatus(t, old, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
}

// Reloads, restarts and scalings that are asked for at once, while workers die, come one after the other, and all is well in the end.
func TestChangesAtOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, MaxRestarts: 1000, MaxPause: time.Millisecond})
	o := quick
	o.Wait = true
	var all sync.WaitGroup
	for i, change := range []func() error{
		func() error { _, err := r.Reload(clustertest.Patient(t), o); return err },
		func() error { return r.Scale(clustertest.Patient(t), 3) },
		func() error { return r.Restart(clustertest.Patient(t)) },
		func() error { return r.Scale(clustertest.Patient(t), 1) },
		func() error { _, err := r.ReloadOne(clustertest.Patient(t), 0, o); return err },
	} {
		all.Go(func() {
			// It may fail of a worker that is killed.
			if err := change(); err != nil {
				t.Logf("change %d: %v", i, err)
			}
		})
	}
	for id := 1; id <= 3; id++ {
		r.Await(t, fmt.Sprintf("listening or end of worker %d", id), func(o clustertest.Occurrence) bool {
			return o.Worker == id && (o.Event == "listening" || o.Event == "exit")
		})
		if w := r.Worker(id); w != nil { // else it leaves by now
			w.Kill(syscall.SIGKILL)
		}
	}
	all.Wait()
	r.publish("2")
	if err := r.Scale(clustertest.Patient(t), 2); err != nil {
		t.Error(err)
	}
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "2", 2)
}
