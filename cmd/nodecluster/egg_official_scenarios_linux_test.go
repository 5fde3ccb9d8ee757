package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// An eggScenario is what happens to a master and to its processes, from boot to exit.
type eggScenario struct {
	name string
	run  func(r *eggRun)
}

// eggScenarios are those in which our master does what Egg's own does, but for eggDeviations.

var eggScenarios = []eggScenario{
	{"start and stop", func(r *eggRun) {
		r.options["pidFile"] = r.path("run/master.pid")
		r.boot()
		pid, err := os.ReadFile(r.path("run/master.pid"))
		r.note("the pid file is right: %t, %v", string(pid) == strconv.Itoa(r.child.Pid()), err)
		r.noteAnswer("/")
		r.noteAnswer("/page")
		r.order("app1", "log", "an order was taken")
		r.stop(syscall.SIGTERM)
		_, err = os.Stat(r.path("run/master.pid"))
		r.note("the pid file is gone: %t", os.IsNotExist(err))
		r.noteFiles()
		r.noteLogged("an order was taken")
	}},
	{"apps say farewell", func(r *eggRun) {
		r.env = append(r.env, "SHOP_FAREWELLS=1")
		r.boot()
		r.stop(syscall.SIGTERM)
	}},
	{"SIGINT", func(r *eggRun) { r.boot(); r.stop(syscall.SIGINT) }},
	{"SIGQUIT", func(r *eggRun) { r.boot(); r.stop(syscall.SIGQUIT) }},
	{"SIGKILL", func(r *eggRun) { r.boot(); r.stop(syscall.SIGKILL) }},
	{"the agent is killed", func(r *eggRun) {
		r.boot()
		r.kill("agent1", syscall.SIGKILL)
		r.awaitParent("agent-worker-died", 1)
		r.allow("agent")
		r.awaitReady("agent2")
		for _, app := range []string{"app1", "app2"} {
			r.awaitMessages(app, "agent-start", 1)
			r.awaitLines(app, "a price of the new leader", 2, isEvent("price"))
		}
		r.awaitMessages("agent2", "egg-pids", 1)
		r.order("app1", "sendRandom", "hello", "agent")
		r.stop(syscall.SIGTERM)
	}},
	{"the agent dies in its boot", func(r *eggRun) {
		r.start()
		r.refuse("agent")
		r.awaitEnd()
	}},
	{"an app dies in its boot", func(r *eggRun) {
		r.start()
		r.allow("agent")
		r.bootApp(1, "agent1")
		r.refuse("app2")
		r.awaitEnd()
	}},
	{"an app is killed", func(r *eggRun) {
		r.boot()
		r.kill("app2", syscall.SIGKILL)
		r.awaitReplacement()
		r.stop(syscall.SIGTERM)
	}},
	{"an app exits", func(r *eggRun) {
		r.boot()
		r.tell("app2", "exit", 3)
		r.awaitGone("app2")
		r.awaitReplacement()
		r.stop(syscall.SIGTERM)
	}},
	{"an app throws", func(r *eggRun) { // and lives on for half a minute, disconnected
		r.boot()
		r.tell("app2", "throw", "thrown by an order")
		r.awaitLines("app2", "its disconnect", 1, isEvent("disconnect"))
		r.bootApp(3, "agent1")
		r.awaitReady("app3")
		r.order("app3", "broadcast", "hello", "everybody")
		r.stop(syscall.SIGTERM)
	}},
	{"an app is killed in unittest", func(r *eggRun) {
		r.env = []string{"NODE_ENV=test", "EGG_SERVER_ENV=unittest"}
		r.boot()
		r.kill("app2", syscall.SIGKILL)
		r.awaitParent("app-worker-died", 1)
		r.order("app1", "sendToAgent", "hello")
		r.stop(syscall.SIGTERM)
	}},
	{"Unix socket", func(r *eggRun) {
		delete(r.options, "port")
		r.env = append(r.env, "SHOP_SOCKET="+r.path("shop.sock"))
		r.boot()
		r.noteAnswerAt("unix", r.path("shop.sock"), "http", "/")
		r.stop(syscall.SIGTERM)
	}},
	{"https and debugPort", func(r *eggRun) {
		key, certificate := r.makeCertificate()
		r.options["https"] = map[string]any{"key": key, "cert": certificate}
		r.options["debugPort"] = r.debugPort
		r.boot()
		r.noteAnswerAt("tcp", localhost(r.port), "https", "/")
		r.noteAnswerAt("tcp", localhost(r.debugPort), "http", "/")
		r.stop(syscall.SIGTERM)
	}},
	{"sticky", sticky},
	{"messenger", messenger},
	{"schedules", func(r *eggRun) {
		r.chooseFirst()
		r.env = append(r.env, "SHOP_SCHEDULES=1")
		r.boot()
		r.awaitLines("app1", "both tasks", 2, isEvent("task"))
		r.awaitLines("app2", "a task", 1, isEvent("task"))
		r.awaitMessages("agent1", "egg-schedule", 3)
		r.stop(syscall.SIGTERM)
	}},
	{"cluster-client", func(r *eggRun) {
		r.boot()
		r.order("app2", "publish", "apple", 2)
		for _, role := range []string{"agent1", "app1", "app2"} {
			r.awaitLines(role, "the new price", 2, isEvent("price"))
		}
		r.stop(syscall.SIGTERM)
	}},
	{"a framework with a startCluster of its own", func(r *eggRun) {
		r.options["framework"] = r.path("app/node_modules/shop-framework")
		r.options["shop"] = map[string]any{"opens": "9:00", "days": []int{1, 2, 3}, "name": nil}
		r.boot()
		r.noteAnswer("/")
		r.stop(syscall.SIGTERM)
	}},
	{"start-cluster is a module of ESM", func(r *eggRun) {
		r.script = map[int]string{3: r.script, 4: "egg-scripts4/scripts/start-cluster.mjs"}[r.version]
		r.boot()
		r.order("app1", "sendToAgent", "hello")
		r.stop(syscall.SIGTERM)
	}},
	{"--inspect", func(r *eggRun) {
		first := nodetest.FreePort(r.t)
		for nodetest.FreePort(r.t) != first+1 || nodetest.FreePort(r.t) != first+2 {
			first = nodetest.FreePort(r.t)
		}
		agent := nodetest.FreePort(r.t)
		for i, name := range []string{"MASTER'S", "APP1'S", "APP2'S"} {
			r.ports[first+i] = name
		}
		r.ports[agent] = "AGENT'S"
		r.execArgv = []string{fmt.Sprint("--inspect=", first)}
		r.env = append(r.env, fmt.Sprint("EGG_AGENT_DEBUG_PORT=", agent))
		r.boot()
		r.stop(syscall.SIGTERM)
	}},
}

// awaitReplacement lets the successor of app2 start up.
func (r *eggRun) awaitReplacement() {
	r.t.Helper()
	r.awaitParent("app-worker-died", 1)
	r.bootApp(3, "agent1")
	r.awaitReady("app3")
	r.awaitMessages("app1", "egg-ready", 2)
	r.order("app3", "broadcast", "hello", "everybody")
}

// messenger makes every call of the messenger, and sends what is less usual.
func messenger(r *eggRun) {
	r.chooseFirst()
	r.boot()
	pid := func(role string) int { return r.processes()[role].pid }
	for _, role := range []string{"app1", "app2", "agent1"} {
		r.order(role, "broadcast", "to all", map[string]any{"n": 1, "deep": []any{nil, true, "ü", 1.5}})
		r.order(role, "sendToApp", "to apps", "text")
		r.order(role, "sendToAgent", "to the agent")
		r.order(role, "sendRandom", "to one", 1)
		r.order(role, "sendTo", pid("app2"), "to app2", nil)
		r.order(role, "sendTo", pid("agent1"), "to agent1", false)
		r.order(role, "sendTo", r.child.Pid(), "to the master", 0)
		r.order(role, "sendTo", 999999999, "to nobody", 0)
		r.order(role, "send", "send to the parent", map[string]any{"a": 1}, "parent")
		r.order(role, "send", "send to the master", 1, "master")
		r.order(role, "send", "send to another", 1, "somebody")
		r.order(role, "send", "send by default", 1)
		r.order(role, "text", "a text")
		r.order(role, "raw", map[string]any{"action": "raw", "from": "master", "to": "app", "more": 1})
		r.order(role, "raw", map[string]any{"action": "raw without to", "data": slices.Repeat([]string{"ab"}, 50000)})
		r.order(role, "raw", map[string]any{"data": "no action"})
		r.order(role, "raw", map[string]any{"action": 1, "to": "agent"})
		r.order(role, "raw", map[string]any{})
	}
	for _, to := range []string{"app", "agent", "master", "parent", "somebody"} {
		r.send(map[string]any{"action": "from the parent", "to": to, "data": to})
	}
	r.send(map[string]any{"action": "from the parent by default"})
	r.order("app1", "sendToApp", "the end")
	r.stop(syscall.SIGTERM)
}

func sticky(r *eggRun) {
	r.options["sticky"] = true
	r.boot()
	for address := range 8 {
		first := r.workerFor(address)
		same := true
		for range 3 {
			same = same && r.workerFor(address) == first
		}
		r.note("address %d stays with a worker: %t", address, same)
	}
	r.stop(syscall.SIGTERM)
	r.forget("sticky-session:connection") // which worker has an address is up to the master
}
