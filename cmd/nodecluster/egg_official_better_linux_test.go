package main

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// An eggBetter is a scenario in which our master does more than Egg's own. What a test notes in it is what is compared.
type eggBetter struct {
	eggScenario
	official map[int][]string // by Egg's version
	ours     []string
}

var eggBetters = []eggBetter{
	{
		eggScenario: eggScenario{"a second SIGTERM while apps close", stopTwice},
		official: map[int][]string{
			3: {"the master ends: signal SIGTERM", "the agent closes: false"},
			4: {"the master ends: signal SIGTERM", "the agent closes: false"},
		},
		ours: []string{"the master ends: code 0", "the agent closes: true"},
	},
	{
		eggScenario: eggScenario{"SIGTERM with a request in flight", stopInFlight},
		official: map[int][]string{
			3: {"the answer: no answer", "the master ends: code 0", "beforeClose runs: true", "the agent hears of it: true"},
			4: {"the answer: no answer", "the master ends: code 0", "beforeClose runs: true", "the agent hears of it: true"},
		},
		ours: []string{"the answer: done", "the master ends: code 0", "beforeClose runs: true", "the agent hears of it: true"},
	},
	{
		eggScenario: eggScenario{"a successor dies in its boot", successorDies},
		official: map[int][]string{
			3: {"apps that serve: app1", "the master ends: code 0"},
			4: {"apps that serve: app1", "the master ends: code 0"},
		},
		ours: []string{"apps that serve: app1 app4", "the master ends: code 0"},
	},
	{
		eggScenario: eggScenario{"port 0", portZero},
		official: map[int][]string{
			3: {"the parent learns of a port: false", "the master ends: code 0"},
			4: {"the parent learns of a port: false", "the master ends: code 0"},
		},
		ours: []string{"the parent learns of a port: true", "the port answers: hello you", "the master ends: code 0"},
	},
	{
		eggScenario: eggScenario{"reload-worker", func(r *eggRun) {
			r.env = []string{"NODE_ENV=test", "EGG_SERVER_ENV=unittest"}
			r.boot()
			r.tell("agent1", "raw", map[string]any{"to": "master", "action": "reload-worker"})
			r.noteReload()
			r.stop(syscall.SIGTERM)
		}},
		official: eggReloads,
		ours:     ourReload("hello you"),
	},
	{
		eggScenario: eggScenario{"a file changes", func(r *eggRun) {
			r.env = []string{"NODE_ENV=development", "EGG_SERVER_ENV=local"}
			r.boot()
			r.change()
			r.noteReload()
			r.stop(syscall.SIGTERM)
		}},
		official: eggReloads,
		ours:     ourReload("changed"),
	},
}

// eggReloads are the notes of a reload under Egg's own master, which ends old apps at once, and in version 3 one of them when the first new
// one listens. What it answers later is not noted: now and then it forgets a connection.
var eggReloads = map[int][]string{
	3: {"no new app listens: hello you", "apps that serve: app3 app4", "the master ends: code 0"},
	4: {"no new app listens: no answer", "apps that serve: app3 app4", "the master ends: code 0"},
}

// ourReload are the notes under our master, which ends an old app when its successor listens.
func ourReload(after string) []string {
	return []string{"no new app listens: hello you", "both listen: " + after, "apps that serve: app3 app4", "the master ends: code 0"}
}

// noteReload lets the successors of both apps start up, and notes what clients are answered meanwhile.
func (r *eggRun) noteReload() {
	r.t.Helper()
	if r.master.official {
		r.awaitGone("app2")
		if r.version == 4 {
			r.awaitGone("app1")
		}
	}
	r.awaitAsked("boot app3")
	r.note("no new app listens: %s", r.greeting(r.port))
	r.bootApp(3, "agent1")
	r.bootApp(4, "agent1")
	r.awaitGone("app1")
	r.awaitGone("app2")
	if !r.master.official { // whose egg-ready may come to an app that is not far enough to take it
		r.awaitReady("app3")
		r.awaitReady("app4")
		r.note("both listen: %s", r.greeting(r.port))
	}
	r.noteServing()
}

// greeting is what the application greets a client with.
func (r *eggRun) greeting(port int) string {
	answer := r.answer("tcp", localhost(port), "http", "/")
	for _, text := range []string{"hello you", "changed"} {
		if strings.Contains(answer, text) {
			return text
		}
	}
	return answer
}

// noteServing notes which apps there are that listen.
func (r *eggRun) noteServing() {
	serving := []string{}
	processes := r.processes()
	for id := 1; processes["app"+strconv.Itoa(id)] != nil; id++ {
		app := "app" + strconv.Itoa(id)
		if processes[app].has(isEvent("listening")) && !isGone(processes[app].pid) {
			serving = append(serving, app)
		}
	}
	r.note("apps that serve: %s", strings.Join(serving, " "))
}

func successorDies(r *eggRun) {
	r.boot()
	r.kill("app2", syscall.SIGKILL)
	r.awaitParent("app-worker-died", 1)
	r.refuse("app3")
	r.awaitGone("app3")
	r.awaitParent("app-worker-died", 2)
	if !r.master.official {
		r.bootApp(4, "agent1")
		r.awaitReady("app4")
	}
	r.order("app1", "broadcast", "hello", "everybody")
	r.noteServing()
	r.stop(syscall.SIGTERM)
}

func stopTwice(r *eggRun) {
	r.env = append(r.env, "SHOP_CLOSES_SLOWLY=1", "EGG_MASTER_CLOSE_TIMEOUT=60000")
	r.boot()
	r.signal(syscall.SIGTERM)
	r.awaitAsked("close app1")
	r.awaitAsked("close app2")
	r.signal(syscall.SIGTERM)
	if !r.master.official {
		r.service.reply("close app1", 200)
		r.service.reply("close app2", 200)
	}
	r.awaitEnd()
	exits := func(l eggLine) bool { return l.Event == "exit" && l.raw["code"] == 0.0 }
	r.note("the agent closes: %t", r.processes()["agent1"].has(exits))
}

func stopInFlight(r *eggRun) {
	r.options["workers"] = 1
	r.boot()
	answer := make(chan string)
	go func() { answer <- r.answer("tcp", localhost(r.port), "http", "/slow") }()
	r.awaitAsked("slow app1")
	r.signal(syscall.SIGTERM)
	r.stdout.awaitText(r.t, "master is killed by signal SIGTERM")
	if !r.master.official {
		r.service.reply("slow app1", 200)
	}
	r.note("the answer: %s", nodetest.Receive(r.t, answer, "an answer or the end of the connection"))
	r.awaitEnd()
	r.note("beforeClose runs: %t", r.processes()["app1"].has(isEvent("beforeClose")))
	r.note("the agent hears of it: %t", r.processes()["agent1"].has(isMessage("leaving")))
}

func portZero(r *eggRun) {
	delete(r.options, "port")
	r.env = append(r.env, "SHOP_PORT=0")
	r.start()
	r.allow("agent")
	for _, app := range []string{"app1", "app2"} {
		r.allow(app)
		r.awaitLines(app, "its server", 1, isEvent("listening"))
	}
	if !r.master.official {
		r.awaitParent("egg-ready", 1)
	}
	r.order("app1", "sendToAgent", "hello")
	port := r.toldPort()
	r.note("the parent learns of a port: %t", port != 0)
	if port != 0 {
		r.note("the port answers: %s", r.greeting(port))
	}
	r.stop(syscall.SIGTERM)
}
