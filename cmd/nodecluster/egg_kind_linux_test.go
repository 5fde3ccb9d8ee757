package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eggKind is a real application of Egg's in the manager.
type eggKind struct {
	*manager
	port, metrics int
	app, file     string
}

// eggKindRouter answers with the process, slowly if it is asked to, and has it die.
const eggKindRouter = `module.exports = app => {
  app.get('/', ctx => { ctx.body = { pid: process.pid, env: app.config.env, title: app.options.title, workers: app.options.workers, kept: process.env.KEPT }; });
  app.get('/die', () => process.kill(process.pid, 'SIGKILL'));
};`

// eggKindHooks say who has started, and have app workers fail in their start while there is a file for it.
const eggKindHooks = `module.exports = it => {
  if (it.type === 'application' && require('fs').existsSync(it.baseDir + '/broken')) throw new Error('no database');
  it.beforeClose(async () => console.log(it.type + ' ends'));
  console.log(it.type + ' begins');
};`

// newEggKind writes an application of a version of Egg, and the file for it.
func newEggKind(t *testing.T, version string) *eggKind {
	m := newManager(t)
	k := &eggKind{manager: m, port: nodetest.FreePort(t), metrics: nodetest.FreePort(t), app: newEggApp(t, version)}
	writeIn(t, k.app, "app/router.js", eggKindRouter)
	writeIn(t, k.app, "app.js", eggKindHooks)
	writeIn(t, k.app, "agent.js", eggKindHooks)
	k.env = append(k.env, "EGG_HOME="+t.TempDir(), "HOME="+t.TempDir())
	k.write(2, "one")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return k
}

func (k *eggKind) write(instances int, kept string) {
	k.t.Helper()
	writeIn(k.t, k.folder, "nodecluster.yaml", fmt.Sprintf(`name: shop
kind: egg
script: %s
instances: %d
env: {EGG_SERVER_ENV: prod, KEPT: %s}
metrics: 127.0.0.1:%d
egg:
  port: %d
`, k.app, instances, kept, k.metrics, k.port))
	k.file = filepath.Join(k.folder, "nodecluster.yaml")
}

// answer is what an app worker says of itself.
func (k *eggKind) answer() (answer struct {
	Pid, Workers     int
	Env, Title, Kept string
}) {
	k.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", k.port))
	if err != nil {
		k.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		k.t.Fatal(err)
	}
	return answer
}

// places are the pids by the places of the application's processes.
func (k *eggKind) places() map[string]int {
	k.t.Helper()
	places := map[string]int{}
	for _, w := range k.manager.app("shop").Workers {
		places[w.Place()] = w.Pid
	}
	return places
}

// await waits until the application is as wanted.
func (k *eggKind) await(what string, is func(control.App) bool) (app control.App) {
	k.t.Helper()
	nodetest.Await(k.t, func() {
		for app = k.manager.app("shop"); !is(app); app = k.manager.app("shop") {
		}
	}, what)
	return app
}

var bothEggs = []string{"egg3", "egg4"}

// TestEggInTheManager has the life of an application under start.
func TestEggInTheManager(t *testing.T) {
	for _, version := range bothEggs {
		t.Run(version, func(t *testing.T) {
			k := newEggKind(t, version)
			if got, want := k.do("start", k.file), "shop: online, 2 workers\n"; got != want {
				t.Errorf("start prints %q, want %q", got, want)
			}
			if got := k.do("start", k.file); got != "shop: runs already\n" {
				t.Errorf("a second start prints %q", got)
			}
			if a := k.answer(); a.Env != "prod" || a.Title != "shop" || a.Workers != 2 || a.Kept != "one" {
				t.Errorf("the application sees %+v", a)
			}
			before := k.places()
			if len(before) != 3 || before["agent"] == 0 || before["0"] == 0 || before["1"] == 0 {
				t.Fatalf("the processes are %v", before)
			}
			k.checkShown(before)
			k.checkConnections()
			k.checkReload(before)
			k.checkRestart()
			k.checkStop()
		})
	}
}

// checkShown looks at what commands show of a running application.
func (k *eggKind) checkShown(pids map[string]int) {
	k.t.Helper()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"ls"}, []string{"shop", "online", "2/2"}},
		{[]string{"describe", "shop"}, []string{"shop/agent", "shop/0", "shop/1", fmt.Sprint(pids["agent"]), "2 ready of 2", "127.0.0.1:" + fmt.Sprint(k.port), `{"port":`}},
		{[]string{"logs", "shop", "--nostream", "--lines", "5000"}, []string{"agent begins", "shop/0 | ", "application begins", "[master] egg started on http://127.0.0.1:"}},
		{[]string{"pid", "shop"}, []string{fmt.Sprint(pids["0"]), fmt.Sprint(pids["1"])}},
	} {
		out := k.do(c.args...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				k.t.Errorf("%s does not say %q:\n%s", strings.Join(c.args, " "), want, out)
			}
		}
	}
	k.checkMetrics()
	k.refuse(1, "as many app workers as it was started with", "scale", "shop", "3")
	k.refuse(1, "reloaded as a whole", "reload", "shop/1")
	k.refuse(1, "one after the other", "reload", "shop", "--parallel", "2")
	k.refuse(1, "no actions of @pm2/io", "trigger", "shop", "act")
}

// checkMetrics looks for those of the agent and the app workers.
func (k *eggKind) checkMetrics() {
	k.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", k.metrics))
	if err != nil {
		k.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, want := range []string{
		`nodecluster_worker_memory_bytes{app="shop",kind="resident",slot="agent"} `, `nodecluster_worker_cpu_seconds_total{app="shop",slot="agent"} `,
		`nodecluster_worker_memory_bytes{app="shop",kind="resident",slot="0"} `, `nodecluster_worker_cpu_seconds_total{app="shop",slot="1"} `,
		`nodecluster_app_up{app="shop"} 1`, `nodecluster_app_instances{app="shop"} 2`,
	} {
		if !strings.Contains(string(text), want) {
			k.t.Errorf("the metrics have no %s:\n%s", want, text)
		}
	}
}

// checkConnections has a client keep its connection, which is counted and for which a drain waits.
func (k *eggKind) checkConnections() {
	k.t.Helper()
	ctx, cancel := context.WithCancel(nodetest.Context(k.t))
	defer cancel()
	http.DefaultClient.CloseIdleConnections()
	k.await("no connection", func(app control.App) bool { return app.Connections == 0 })
	client, err := net.Dial("tcp", localhost(k.port))
	if err != nil {
		k.t.Fatal(err)
	}
	defer client.Close()
	k.await("a connection that is counted", func(app control.App) bool { return app.Connections == 1 })
	drain := exec.CommandContext(ctx, binary, "drain", "--wait", "shop")
	drain.Env = append(os.Environ(), k.env...)
	if err := drain.Start(); err != nil {
		k.t.Fatal(err)
	}
	drained := make(chan error, 1)
	go func() { drained <- drain.Wait() }()
	k.await("an application that is not ready", func(control.App) bool { return k.ready() == http.StatusServiceUnavailable })
	select {
	case err := <-drained:
		k.t.Errorf("a drain has not waited for a client: %v", err)
	default:
	}
	client.Close()
	if err := nodetest.Receive(k.t, drained, "end of a drain"); err != nil {
		k.t.Errorf("a drain ends with %v", err)
	}
}

// ready is the status with which the application says whether it is ready.
func (k *eggKind) ready() int {
	k.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", k.metrics))
	if err != nil {
		k.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// checkReload reloads while clients come, none of which may be lost, and once more with app workers that fail in their start.
func (k *eggKind) checkReload(before map[string]int) {
	k.t.Helper()
	failed := k.underLoad(func() {
		if got := k.do("reload", "shop"); !strings.HasPrefix(got, "shop: reloaded 2 workers in ") {
			k.t.Errorf("reload prints %q", got)
		}
	})
	if len(failed) > 0 {
		k.t.Errorf("%d requests have failed during a reload, the first by %v", len(failed), failed[0])
	}
	after := k.places()
	if after["agent"] != before["agent"] || after["0"] == before["0"] || after["1"] == before["1"] {
		k.t.Errorf("after a reload the processes are %v, before %v", after, before)
	}
	writeIn(k.t, k.app, "broken", "")
	k.refuse(1, "the new app worker of place 0 has failed in its start", "reload", "shop")
	if err := os.Remove(filepath.Join(k.app, "broken")); err != nil {
		k.t.Fatal(err)
	}
	app := k.manager.app("shop")
	if app.Ready != 2 || app.ReloadsBy["done"] != 1 || app.ReloadsBy["failed"] != 1 || app.Change == nil || app.Change.Error == "" {
		k.t.Errorf("after a reload that has failed it is %+v", app)
	}
}

// underLoad sends one request after the other, on connections of their own, while something is done. It returns why some have failed.
func (k *eggKind) underLoad(do func()) (failed []error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", k.port))
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			if err != nil {
				failed = append(failed, err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	return failed
}

// checkRestart restarts, by the command, by a changed file, and after deaths.
func (k *eggKind) checkRestart() {
	k.t.Helper()
	before := k.places()
	if got := k.do("restart", "shop"); !strings.HasPrefix(got, "shop: restarted in ") {
		k.t.Errorf("restart prints %q", got)
	}
	after := k.places()
	for place, pid := range before {
		if after[place] == 0 || after[place] == pid {
			k.t.Errorf("after a restart %s is %d, before %d", place, after[place], pid)
		}
	}
	k.write(1, "two")
	if got := k.do("start", k.file); !strings.Contains(got, "shop: instances: 1, was 2") || !strings.Contains(got, "shop: online, 1 worker") {
		k.t.Errorf("start of a changed file prints %q", got)
	}
	if a := k.answer(); a.Workers != 1 || a.Kept != "two" {
		k.t.Errorf("the application sees %+v", a)
	}
	k.checkDeaths()
}

// checkDeaths kills an app worker and the agent, which have successors, and are counted.
func (k *eggKind) checkDeaths() {
	k.t.Helper()
	before := k.places()
	for _, place := range []string{"0", "agent"} {
		if err := syscall.Kill(before[place], syscall.SIGKILL); err != nil {
			k.t.Fatal(err)
		}
		k.await("a successor of "+place, func(app control.App) bool {
			return slices.ContainsFunc(app.Workers, func(w control.Worker) bool {
				return w.Place() == place && w.Pid != before[place] && w.State == control.WorkerOnline && w.Restarts == 1
			})
		})
	}
	if app := k.manager.app("shop"); app.Restarts != 1 || app.RestartsBy["signal"] != 1 {
		k.t.Errorf("after a death it is %+v", app)
	}
	events, err := os.ReadFile(filepath.Join(k.home, "apps", "shop", "supervisor.log"))
	if err != nil {
		k.t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("agent (pid %d) forked", before["agent"]), fmt.Sprintf("agent (pid %d) started", before["agent"]),
		fmt.Sprintf("agent (pid %d) was ended by SIGKILL", before["agent"]), fmt.Sprintf("(pid %d) was ended by SIGKILL", before["0"]),
	} {
		if !strings.Contains(string(events), want) {
			k.t.Errorf("there is no event %q:\n%s", want, events)
		}
	}
}

// checkStop stops, starts by the name, and deletes. The hooks of agent and app workers run.
func (k *eggKind) checkStop() {
	k.t.Helper()
	k.do("stop", "shop")
	if app := k.manager.app("shop"); app.State != control.Stopped || app.Supervisor != nil || app.Instances != 1 {
		k.t.Errorf("after a stop it is %+v", app)
	}
	out := k.do("logs", "shop", "--nostream", "--lines", "5000")
	if !strings.Contains(out, "application ends") || !strings.Contains(out, "agent ends") {
		k.t.Errorf("the hooks have not run:\n%s", out)
	}
	if got := k.do("start", "shop"); got != "shop: online, 1 worker\n" {
		k.t.Errorf("start by the name prints %q", got)
	}
	k.do("delete", "shop")
	if apps := k.apps(); len(apps) != 0 {
		k.t.Errorf("after delete there are %+v", apps)
	}
}

// TestEggThatFailsInTheManager: the start says why, and ls too.
func TestEggThatFailsInTheManager(t *testing.T) {
	k := newEggKind(t, "egg3")
	writeIn(t, k.app, "broken", "")
	r := k.run("start", k.file)
	if r.status != 1 || !strings.Contains(r.stderr, "an app worker (pid ") || !strings.Contains(r.stderr, "before the application had started") ||
		!strings.Contains(r.stderr, "no database") {
		t.Errorf("start ends with %d and %q", r.status, r.stderr)
	}
	if app := k.manager.app("shop"); app.State != control.Errored || !strings.Contains(app.Reason, "before the application had started") {
		t.Errorf("it is %+v", app)
	}
	k.write(2, "one")
	writeIn(t, k.folder, "nodecluster.yaml", "name: shop\nkind: egg\nscript: "+t.TempDir()+"\n")
	k.refuse(1, "package.json: no such file", "start", k.file)
}

// TestEggFrameworkInTheManager: what a framework's startCluster adds to the options is there, and what it prints is in the log.
func TestEggFrameworkInTheManager(t *testing.T) {
	k := newEggKind(t, "egg3")
	writeIn(t, k.app, "package.json", `{"name":"app","egg":{"framework":"own"}}`)
	if err := os.Mkdir(filepath.Join(k.app, "node_modules", "own"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeIn(t, k.app, "node_modules/own/package.json", `{"name":"own","dependencies":{"egg":"*"}}`)
	writeIn(t, k.app, "node_modules/own/index.js", `module.exports = Object.assign({}, require('egg'), {
  startCluster(options, callback) {
    console.log('the framework starts ' + options.title);
    require('egg').startCluster({ ...options, workers: 3 }, callback);
  },
});`)
	if got, want := k.do("start", k.file), "shop: online, 3 workers\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	if a := k.answer(); a.Workers != 3 {
		t.Errorf("the application sees %+v", a)
	}
	if got := k.do("logs", "shop", "--nostream", "--lines", "1000"); strings.Count(got, "the framework starts shop") != 1 {
		t.Errorf("the log is %q", got)
	}
}

// TestEggFileThatCannotBe has mistakes in files, each of which gets a line with its place.
func TestEggFileThatCannotBe(t *testing.T) {
	m := newManager(t)
	app := newEggApp(t, "egg3")
	for _, c := range []struct{ fields, want string }{
		{"kind: egg\nspare: 1", ":3:8: application shop: spare: it is for a pool, and not for kind: egg"},
		{"kind: egg\nstop_signal: SIGINT", ":3:14: application shop: stop_signal: it is for a pool"},
		{"kind: egg\nsched: sticky", ":3:8: application shop: sched: sticky is an option of Egg's: write egg: {sticky: true}"},
		{"kind: egg\ninstances: 2\negg: {workers: 2}", ":3:12: application shop: instances: egg has workers"},
		{"egg: {port: 7001}", "application shop: egg: it is for kind: egg"},
		{"kind: eggs", "kind: use one of pool, egg"},
		{"kind: egg\negg: 7001", "egg: use NAME: VALUE, a line each"},
	} {
		writeIn(t, m.folder, "nodecluster.yaml", fmt.Sprintf("script: %s\n%s\nname: shop\n", app, c.fields))
		m.refuse(1, c.want, "start", "nodecluster.yaml")
	}
	writeIn(t, m.folder, "nodecluster.yaml", fmt.Sprintf("script: %s\nkind: egg\nname: shop\negg: {port: 70000}\n", app))
	m.refuse(1, "port: 70000 is no number from 0 to 65535", "start", "nodecluster.yaml")
	m.refuse(1, "is an application of Egg's: use start, or nodecluster egg ", "run", "nodecluster.yaml")
}

// TestEggUnderAServiceManager: that is told when the application is up, reloads and ends.
func TestEggUnderAServiceManager(t *testing.T) {
	k := newEggKind(t, "egg4")
	k.do("start", k.file)
	k.do("stop", "shop")
	manager, env := newServiceManager(t)
	supervisor := exec.Command(binary, "run", "--name", "shop")
	supervisor.Env = slices.Concat(os.Environ(), k.env, env)
	if err := supervisor.Start(); err != nil {
		t.Fatal(err)
	}
	expectNone(t, manager.await("STATUS=starting, 0/2 app workers"), "READY")
	manager.await("READY=1")
	manager.await("STATUS=2/2 app workers")
	manager.await("WATCHDOG=1")
	k.do("reload", "shop")
	expectNone(t, manager.await("RELOADING=1\nMONOTONIC_USEC="), "READY")
	manager.await("READY=1")
	if err := supervisor.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	manager.await("STOPPING=1")
	if err := supervisor.Wait(); err != nil {
		t.Errorf("the supervisor ends with %v", err)
	}
}
