package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// mixedHooks have each process say under which Node it runs, and app workers ask the agent.
const (
	mixedApp = `module.exports = app => {
  app.messenger.on('answer', version => console.log('app worker ' + process.env.CFORK_WORKER_INDEX + ' of ' + process.env.CFORK_WORKER_COUNT + ' under ' + process.version + ' hears of agent under ' + version));
  app.messenger.once('egg-ready', () => app.messenger.sendToAgent('question', { pid: process.pid, version: process.version }));
};`
	mixedAgent = `module.exports = agent => {
  agent.messenger.on('question', ({ pid, version }) => {
    console.log('agent under ' + process.version + ' hears of ' + version);
    agent.messenger.sendTo(pid, 'answer', process.version);
  });
};`
)

// newMixedEgg has an application with one app worker under the usual Node, one under another one, a Go worker, and an agent under a third Node;
// without --all all Nodes are the installed one.
func newMixedEgg(t *testing.T, version, goWorker string) (k *eggKind, agent, other nodetest.Runtime) {
	agent, other = nodetest.Default(t), nodetest.Default(t)
	if nodetest.All() {
		agent, other = nodetest.Node(t, 22), nodetest.Node(t, 24)
	}
	k = newEggKind(t, version)
	writeIn(t, k.app, "app.js", mixedApp)
	writeIn(t, k.app, "agent.js", mixedAgent)
	writeIn(t, k.folder, "nodecluster.yaml", fmt.Sprintf(`name: shop
kind: egg
script: %s
instances: 1
agent_node: %s
mix:
  - 1=%s
  - 1="%s"
env: {EGG_SERVER_ENV: prod, PORT: "%d"}
egg: {port: %d}
`, k.app, agent.Path, other.Path, goWorker, k.port, k.port))
	return k, agent, other
}

// answersOf asks until answers of so many kinds have come: the pids of app workers, and the lines of Go workers.
func (k *eggKind) answersOf(kinds int) (seen []string) {
	k.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	nodetest.Await(k.t, func() {
		for len(seen) < kinds {
			response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", k.port))
			if err != nil {
				k.t.Error(err)
				return
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				k.t.Error(err)
				return
			}
			who := strings.TrimSpace(string(body))
			var answer struct{ Pid int }
			if json.Unmarshal(body, &answer) == nil {
				who = fmt.Sprintf("Node, process %d", answer.Pid)
			}
			if !slices.Contains(seen, who) {
				seen = append(seen, who)
			}
		}
	}, fmt.Sprintf("answers of %d workers", kinds))
	slices.Sort(seen)
	return seen
}

// TestMixedEgg has agent and app workers under three Nodes, and a Go worker beside them, which is replaced by a reload and has a successor.
func TestMixedEgg(t *testing.T) {
	program := goWorker(t)
	for _, version := range bothEggs {
		t.Run(version, func(t *testing.T) {
			k, agent, other := newMixedEgg(t, version, program)
			if got, want := k.do("start", k.file), "shop: online, 3 workers\n"; got != want {
				t.Errorf("start prints %q, want %q", got, want)
			}
			first := k.answersOf(3)
			k.checkDescribed(program, first)
			k.awaitLogged(
				versionOf(t, nodetest.Default(t).Path, "app worker 0 of 2 under %s hears of agent under ")+versionOf(t, agent.Path, "%s"),
				versionOf(t, other.Path, "app worker 1 of 2 under %s hears of agent under ")+versionOf(t, agent.Path, "%s"),
			)
			k.do("reload", "shop")
			second := k.answersUnlike(first)
			pid := 0
			for _, who := range second {
				if _, err := fmt.Sscanf(who, "Go, process %d", &pid); err == nil {
					break
				}
			}
			if pid == 0 {
				t.Fatalf("no Go worker among %q", second)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			k.answersUnlike([]string{fmt.Sprintf("Go, process %d", pid)})
			k.await("a Go worker that is counted as restarted", func(app control.App) bool {
				return app.Ready == 3 && app.State == control.Online && app.Workers[3].Restarts == 1 && app.Workers[3].Pid != pid
			})
			k.do("stop", "shop")
		})
	}
}

// checkDescribed looks at what the manager knows of the Go worker, whose answer is among the first.
func (k *eggKind) checkDescribed(program string, answers []string) {
	k.t.Helper()
	app := k.manager.app("shop")
	if len(app.Workers) != 4 || app.Instances != 3 || app.Ready != 3 {
		k.t.Fatalf("it is %+v", app)
	}
	w := app.Workers[3]
	if w.Place() != "2" || w.State != control.WorkerOnline || w.Runtime != "go" || w.Accepted == 0 || w.Memory == 0 || w.Program != program ||
		!slices.Contains(answers, fmt.Sprintf("Go, process %d", w.Pid)) {
		k.t.Errorf("the Go worker is %+v, and of the answers %q", w, answers)
	}
	if out := k.do("describe", "shop"); !strings.Contains(out, "shop/2") {
		k.t.Errorf("describe does not say shop/2:\n%s", out)
	}
}

// answersUnlike asks until three workers have answered none of which is one of before.
func (k *eggKind) answersUnlike(before []string) (seen []string) {
	k.t.Helper()
	nodetest.Await(k.t, func() {
		for {
			seen = k.answersOf(3)
			if k.t.Failed() || !slices.ContainsFunc(seen, func(who string) bool { return slices.Contains(before, who) }) {
				return
			}
		}
	}, "successors")
	return seen
}

// awaitLogged waits until the log has texts.
func (k *eggKind) awaitLogged(texts ...string) {
	k.t.Helper()
	out := ""
	nodetest.Await(k.t, func() {
		for {
			out = k.do("logs", "shop", "--nostream", "--lines", "5000")
			if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(out, text) }) {
				return
			}
		}
	}, "lines in the log")
}

// versionOf puts what a Node says of its version into a text.
func versionOf(t *testing.T, node, format string) string {
	t.Helper()
	out, err := exec.Command(node, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(format, strings.TrimSpace(string(out)))
}

// TestEggMixThatCannotBe fails with one line that says why.
func TestEggMixThatCannotBe(t *testing.T) {
	app, worker := newEggApp(t, "egg3"), goWorker(t)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--mix", "two=node"}, 2, "use N=COMMAND"},
		{[]string{"--mix", "1=./no-such-program"}, 2, "./no-such-program: no such program"},
		{[]string{"--mix", "1=/nowhere/node"}, 1, "node: "},
		{[]string{"--agent-node", "/nowhere/node"}, 1, "node: "},
		{[]string{"--sticky", "--mix", "1='" + worker + "'"}, 1, "cannot be beside app workers in sticky mode"},
	} {
		out, err := exec.Command(binary, append(append([]string{"egg"}, c.args...), app)...).CombinedOutput()
		status := 0
		if exit := (*exec.ExitError)(nil); err != nil {
			exit, _ = err.(*exec.ExitError)
			status = exit.ExitCode()
		}
		if status != c.status || !strings.Contains(string(out), c.want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%q ends with %d and prints %q, want %d and %q", c.args, status, out, c.status, c.want)
		}
	}
}
