package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// An eggMaster is a program that runs as "node start-cluster OPTIONS" does.
type eggMaster struct {
	official bool
	program  string
}

// eggVersions are the versions of Egg, with the start-cluster that egg-scripts of that version gives to Node.
var eggVersions = map[int]string{3: "egg-scripts3/lib/start-cluster", 4: "egg-scripts4/scripts/start-cluster.cjs"}

// eggRun is a master with the shop of testdata/eggs. The test is its parent, with a channel.
type eggRun struct {
	t       *testing.T
	master  eggMaster
	version int

	folder    string // the run's own, with app, log, home
	mark      string // a variable that all of its processes have
	options   map[string]any
	env       []string
	execArgv  []string
	script    string // below Egg's modules
	port      int
	debugPort int
	service   *eggService

	child          *nodeipc.Child
	stdout, stderr *output
	portTaken      bool // and nothing of the run counts
	reader         chan struct{}
	mu             sync.Mutex
	parent         []json.RawMessage // the messages of the master

	orders    int
	notes     []string
	ports     map[int]string // the names of ports
	forgotten []string       // what is in messages that are not compared
}

// newEggRun prepares a run, whose options and variables can be changed before start. The environment is that of production.
func newEggRun(t *testing.T, master eggMaster, version int) *eggRun {
	t.Helper()
	nodetest.NoLeaks(t)
	folder, err := os.MkdirTemp("", "egg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	r := &eggRun{
		t: t, master: master, version: version, folder: folder, mark: newMark(), script: eggVersions[version], port: nodetest.FreePort(t), debugPort: nodetest.FreePort(t),
		service: newEggService(t), stdout: newOutput(), stderr: newOutput(), reader: make(chan struct{}),
	}
	r.ports = map[int]string{r.port: "PORT", r.debugPort: "DEBUG PORT"}
	r.makeShop()
	r.options = map[string]any{
		"baseDir": r.path("app"), "framework": filepath.Join(nodetest.Eggs(t), fmt.Sprint("egg", version)), "workers": 2, "port": r.port,
		"require": r.path("app/lib/experience.js"), "title": "shop",
	}
	r.env = []string{"NODE_ENV=production", "EGG_SERVER_ENV=prod"}
	return r
}

func (r *eggRun) path(below string) string { return filepath.Join(r.folder, below) }

// makeShop copies the application, with links to what npm would have installed, and the framework of its own.
func (r *eggRun) makeShop() {
	r.t.Helper()
	modules := nodetest.Eggs(r.t)
	source := filepath.Join("../../testdata/eggs", fmt.Sprint("shop", r.version))
	err := errors.Join(
		os.MkdirAll(r.path("log"), 0o755), os.MkdirAll(r.path("home"), 0o755), os.MkdirAll(r.path("app/node_modules"), 0o755),
		os.CopyFS(r.path("app"), os.DirFS("../../testdata/eggs/shop")),
		os.CopyFS(r.path("app/node_modules/shop-framework"), os.DirFS(filepath.Join(source, "framework"))),
	)
	manifest, readErr := os.ReadFile(filepath.Join(source, "package.json"))
	err = errors.Join(err, readErr, os.WriteFile(r.path("app/package.json"), manifest, 0o644))
	entries, listErr := os.ReadDir(modules)
	err = errors.Join(err, listErr)
	for _, e := range entries {
		err = errors.Join(err, os.Symlink(filepath.Join(modules, e.Name()), r.path("app/node_modules/"+e.Name())))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// start starts the master.
func (r *eggRun) start() {
	r.t.Helper()
	options, err := json.Marshal(r.options)
	if err != nil {
		r.t.Fatal(err)
	}
	script := filepath.Join(nodetest.Eggs(r.t), r.script)
	cmd := r.command(r.master.program, append(r.execArgv, script, string(options), "--title=shop")...)
	cmd.Stdout, cmd.Stderr = r.stdout, r.stderr
	if r.child, err = nodeipc.Start(cmd, nodeipc.Options{}); err != nil {
		r.t.Fatal(err)
	}
	go r.read()
	r.t.Cleanup(r.end)
}

func (r *eggRun) read() {
	defer close(r.reader)
	for {
		m, err := r.child.Receive(context.Background())
		if err != nil {
			return
		}
		r.mu.Lock()
		r.parent = append(r.parent, slices.Clone(m.Payload()))
		r.mu.Unlock()
		m.Release()
	}
}

// end makes sure that nothing is left of the run.
func (r *eggRun) end() {
	select {
	case <-r.child.Exited():
	default:
		r.t.Error("the master still runs at the end of the test")
		r.child.Signal(syscall.SIGKILL)
	}
	expectNoProcess(r.t, r.mark)
	r.child.Wait()
	<-r.reader
	if strings.Contains(r.stderr.String(), "DATA RACE") {
		r.t.Error("the master has a data race")
	}
	if r.t.Failed() {
		r.t.Logf("standard output:\n%s\nstandard error:\n%s", r.stdout, r.stderr)
	}
}

// until waits for something, and fails at once when the master ends before.
func (r *eggRun) until(what string, done func() bool) {
	r.t.Helper()
	ended := false
	poll(r.t, what, func() bool {
		if done() {
			return true
		}
		if ended {
			r.giveUpTakenPort()
			r.t.Fatalf("the master has ended before: %s", what)
		}
		select {
		case <-r.child.Exited():
			ended = true // and it is looked once more
		default:
		}
		return false
	})
}

// giveUpTakenPort ends a run of Egg's own master in which the port that it had found free was taken by another process before the agent listened.
func (r *eggRun) giveUpTakenPort() {
	if r.master.official && strings.Contains(r.stderr.String(), "is occupied by other") {
		r.portTaken = true
		r.t.Skip("Egg's own master has chosen a port that another process took: the scenario is run again")
	}
}

func (r *eggRun) processes() map[string]*eggProcess { return readExperiences(r.path("log")) }

// awaitLines waits until a process has written that many lines for which is holds.
func (r *eggRun) awaitLines(role, what string, n int, is func(eggLine) bool) {
	r.t.Helper()
	r.until(fmt.Sprintf("%s experiences %d times %s", role, n, what), func() bool { return r.processes()[role].count(is) >= n })
}

// awaitMessages waits until a process has received that many messages with that action.
func (r *eggRun) awaitMessages(role, action string, n int) {
	r.t.Helper()
	r.awaitLines(role, action, n, isMessage(action))
}

// awaitAsked waits until a process asks the service.
func (r *eggRun) awaitAsked(question string) {
	r.t.Helper()
	r.until("somebody asks "+question, func() bool { return r.service.isAsked(question) })
}

// allow lets an agent or an app start up.
func (r *eggRun) allow(role string) {
	r.t.Helper()
	r.awaitAsked("boot " + role)
	r.service.reply("boot "+role, 200)
}

// refuse has the boot of an agent or an app fail.
func (r *eggRun) refuse(role string) {
	r.t.Helper()
	r.awaitAsked("boot " + role)
	r.service.reply("boot "+role, 500)
}

// bootApp lets an app start up, and waits until the agent has been told of it.
func (r *eggRun) bootApp(id int, agent string) {
	r.t.Helper()
	app := fmt.Sprint("app", id)
	r.allow(app)
	r.until(app+" is known to "+agent, func() bool {
		processes := r.processes()
		return processes[app] != nil && processes[agent].has(func(l eggLine) bool {
			var pids []int
			action, data := l.action()
			return action == "egg-pids" && json.Unmarshal(data, &pids) == nil && slices.Contains(pids, processes[app].pid)
		})
	})
}

// boot starts the master, and lets the agent and all apps start up.
func (r *eggRun) boot() {
	r.t.Helper()
	r.start()
	r.allow("agent")
	workers := r.options["workers"].(int)
	for id := 1; id < workers; id++ {
		r.bootApp(id, "agent1")
	}
	r.bootApp(workers, "agent1")
	r.awaitParent("egg-ready", 1)
	r.awaitReady("agent1")
	for id := range workers {
		r.awaitReady(fmt.Sprint("app", id+1))
	}
}

// awaitReady waits until a process has learnt that all are up.
func (r *eggRun) awaitReady(role string) {
	r.t.Helper()
	r.awaitLines(role, "egg-ready", 1, isEvent("serverDidReady"))
}

// awaitParent waits for that many messages of the master with that action.
func (r *eggRun) awaitParent(action string, n int) {
	r.t.Helper()
	r.until(fmt.Sprintf("%d messages %s for the parent", n, action), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		found := 0
		for _, m := range r.parent {
			var message struct{ Action string }
			json.Unmarshal(m, &message)
			if message.Action == action {
				found++
			}
		}
		return found >= n
	})
}

// send sends a message to the master.
func (r *eggRun) send(message map[string]any) {
	r.t.Helper()
	if err := r.child.Send(nodetest.Context(r.t), message); err != nil {
		r.t.Fatal(err)
	}
}

// tell has a process do something.
func (r *eggRun) tell(role, call string, args ...any) {
	r.t.Helper()
	r.tellAs(0, role, call, args...)
}

// tellAs sends an order with a number, which is that of the message that tells that it is done. There is none for 0.
func (r *eggRun) tellAs(number int, role, call string, args ...any) {
	r.t.Helper()
	message := map[string]any{"action": "order", "to": "app", "data": map[string]any{"number": number, "call": call, "args": args}}
	if strings.HasPrefix(role, "agent") {
		message["to"] = "agent"
	} else {
		message["receiverPid"] = strconv.Itoa(r.processes()[role].pid)
	}
	r.send(message)
}

// order has a process do something, and waits until all processes have received what it has sent.
func (r *eggRun) order(role, call string, args ...any) {
	r.t.Helper()
	r.orders++
	number := r.orders
	r.tellAs(number, role, call, args...)
	done := func(l eggLine) bool {
		action, data := l.action()
		return action == "done" && string(data) == strconv.Itoa(number)
	}
	r.until(fmt.Sprintf("%s of %s is done", call, role), func() bool {
		for _, p := range r.processes() {
			if !isGone(p.pid) && !p.has(isEvent("disconnect")) && !p.has(done) {
				return false
			}
		}
		return true
	})
}

// kill ends a process, and waits until it is gone.
func (r *eggRun) kill(role string, s syscall.Signal) {
	r.t.Helper()
	if err := syscall.Kill(r.processes()[role].pid, s); err != nil {
		r.t.Fatal(err)
	}
	r.awaitGone(role)
}

func (r *eggRun) awaitGone(role string) {
	r.t.Helper()
	r.until(role+" is gone", func() bool { return isGone(r.processes()[role].pid) })
}

// stop sends the master a signal and waits for its end.
func (r *eggRun) stop(s syscall.Signal) {
	r.t.Helper()
	r.signal(s)
	r.awaitEnd()
}

// awaitEnd waits until the master and all of its processes have ended, and notes how it ended.
func (r *eggRun) awaitEnd() {
	r.t.Helper()
	select {
	case <-r.child.Exited():
	case <-time.After(patience):
		r.t.Fatalf("the master has not ended after %v", patience)
	}
	status, err := r.child.Wait()
	if err != nil {
		r.t.Fatal(err)
	}
	r.note("the master ends: %v", status)
	for role, p := range r.processes() {
		poll(r.t, role+" is gone after its master", func() bool { return isGone(p.pid) })
	}
}

// note adds what a client or the test itself has seen to what is compared.
func (r *eggRun) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// noteFiles notes which files there are in the folders of the application's logs and of what it has run with.
func (r *eggRun) noteFiles() {
	naming := r.naming()
	var names []string
	for _, root := range []string{"app/run", "app/logs", "home/logs"} {
		fs.WalkDir(os.DirFS(r.path(root)), ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, root+"/"+path)
			}
			return nil
		})
	}
	for i := range names {
		for pid, role := range naming.pids {
			names[i] = strings.ReplaceAll(names[i], "_"+strconv.Itoa(pid), "_"+role)
		}
	}
	slices.Sort(names)
	r.notes = append(r.notes, names...)
}

// naming is how what differs from run to run is named.
func (r *eggRun) naming() eggNaming {
	texts := []string{r.folder, "FOLDER", nodetest.Eggs(r.t), "MODULES"}
	for port, name := range r.ports {
		texts = append(texts, strconv.Itoa(port), name)
	}
	n := eggNaming{texts: strings.NewReplacer(texts...), pids: map[int]string{r.child.Pid(): "master"}, ports: r.ports}
	for role, p := range r.processes() {
		n.pids[p.pid] = role
	}
	return n
}

// experience is all that is compared: what each process has experienced, the parent, and the notes.
func (r *eggRun) experience() map[string][]string {
	naming := r.naming()
	all := map[string][]string{"notes": r.notes}
	for _, m := range r.parent {
		var message any
		json.Unmarshal(m, &message)
		all["parent"] = append(all["parent"], naming.line("message", message))
	}
	for role, p := range maps.All(r.processes()) {
		all[role] = r.withoutForgotten(naming.told(p))
	}
	return all
}
