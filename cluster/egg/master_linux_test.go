package egg

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestStopAnswersFirst stops while a request is answered: its client gets the answer, the hooks run, and a second signal changes nothing.
func TestStopAnswersFirst(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, nil)
		r.workers(2)
		r.stopDuringRequest("")
		out := r.output.String()
		if strings.Count(out, "app hook") != 2 || strings.Count(out, "agent hook") != 1 || strings.Count(out, "master is killed by signal SIGTERM") != 1 {
			t.Error("the hooks of two app workers and of the agent run once")
		}
		if strings.Contains(out, "ERROR") {
			t.Error("an error was logged")
		}
		if strings.LastIndex(out, "app hook") > strings.LastIndex(out, "agent hook") {
			t.Error("the agent ends before the app workers")
		}
	})
}

// TestMessenger sends by each call of Egg's messenger.
func TestMessenger(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, map[string]any{"workers": 1}, nil)
		for _, how := range []string{"broadcast", "sendToApp", "sendToAgent", "sendRandom"} {
			r.mustGet("/tell?how="+how+"&what="+how, "")
		}
		// Before its agent has ever been replaced, sendRandom of Egg 3's own master reaches nobody.
		for _, how := range []string{"broadcast", "sendToAgent", "sendRandom"} {
			r.awaitOutput("agent hears "+how, 1)
		}
		want := []string{"broadcast", "sendToApp", "agent:broadcast", "agent:sendToAgent", "agent:sendRandom"}
		if !clustertest.Eventually(func() bool { return containsAll(r.text("/heard"), want) }) {
			t.Errorf("the app worker has heard %s, want %q", r.text("/heard"), want)
		}
	})
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, `"`+part+`"`) {
			return false
		}
	}
	return true
}

// text is an answer as it is.
func (r *rig) text(path string) string {
	r.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", r.port, path))
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// TestAgentIsReplaced kills the agent: the next one hears from the app workers, and they from it.
func TestAgentIsReplaced(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, map[string]any{"workers": 1}, nil)
		r.awaitOutput("agent is ready", 1)
		syscall.Kill(r.agentPid(), syscall.SIGKILL)
		r.awaitMessage("agent-worker-died")
		r.awaitOutput("agent is ready", 2)
		r.mustGet("/tell?how=sendRandom&what=again", "")
		r.awaitOutput("agent hears again", 1)
	})
}

// agentPid is the present agent's.
func (r *rig) agentPid() int {
	pid := make(chan int, 1)
	r.do(func() { pid <- r.state.agent.Pid() })
	return nodetest.Receive(r.t, pid, "pid of the agent")
}

// TestAppIsReplaced kills an app worker in production, and its successor has its variables.
func TestAppIsReplaced(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, nil)
		before := r.workers(2)
		r.get("/die", "")
		r.awaitMessage("app-worker-died")
		r.awaitOutput("started at", 3)
		after := r.workers(2)
		for pid := range after {
			if !before[pid] {
				return
			}
		}
		t.Errorf("none of %v is new", after)
	})
}

// TestAppIsNotReplacedInTests kills the app worker of an application that is tested.
func TestAppIsNotReplacedInTests(t *testing.T) {
	r := startReady(t, "egg3", map[string]any{"workers": 1, "env": "unittest"}, nil)
	r.get("/die", "")
	r.awaitMessage("app-worker-died")
	// Nobody is to come, so that what the app worker has listened on is closed, and the next client is refused.
	if !clustertest.Eventually(func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.port))
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}) {
		t.Error("the port is open still")
	}
	// A reload brings it back.
	if err := r.parent.Send(t.Context(), map[string]string{"action": "reload-worker"}); err != nil {
		t.Fatal(err)
	}
	r.awaitOutput("started at", 2)
	r.mustGet("/", "")
}

// TestSuccessorThatFailsInItsStart has an app worker's successor fail: it is started again, after a pause.
func TestSuccessorThatFailsInItsStart(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, nil)
		write(t, r.app, "broken", "")
		r.get("/die", "")
		r.awaitOutput("has failed 1 times in its start", 1)
		if err := os.Remove(filepath.Join(r.app, "broken")); err != nil {
			t.Fatal(err)
		}
		r.awaitOutput("started at", 3)
		r.workers(2)
	})
}

// TestStartThatFails has agent or app workers fail in the first start.
func TestStartThatFails(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		for file, text := range map[string]string{"agent.js": "agent_worker#1", "app.js": "app_worker#"} {
			t.Run(file, func(t *testing.T) {
				r := start(t, egg, nil, map[string]string{file: "throw new Error('fails');"})
				err := nodetest.Receive(t, r.ended, "end of the master")
				var exit *ExitError
				if !errors.As(err, &exit) || exit.Code != 1 {
					t.Errorf("it ends with %v", err)
				}
				r.awaitOutput("start fail, exiting with code:1", 1)
				if !strings.Contains(r.output.String(), text) || !strings.Contains(r.output.String(), "[master] exit with code:1") {
					t.Error("the log does not say who has failed")
				}
			})
		}
	})
}

// TestReloadOfBrokenApp keeps the app workers that it has where the new one fails.
func TestReloadOfBrokenApp(t *testing.T) {
	r := startReady(t, "egg4", nil, nil)
	before := r.workers(2)
	write(t, r.app, "broken", "")
	r.mustGet("/reload", "")
	r.awaitOutput("reload is given up", 1)
	for pid := range r.workers(2) {
		if !before[pid] {
			t.Errorf("app worker %d is new", pid)
		}
	}
}

// TestPortOfTheSystem listens on port 0.
func TestPortOfTheSystem(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		config := "exports.keys = 'secret'; exports.cluster = { listen: { port: 0 } };"
		r := startReady(t, egg, map[string]any{"port": 0}, map[string]string{"config/config.default.js": config})
		if r.port == 0 {
			t.Fatal("the port was not told")
		}
		r.workers(2)
		r.awaitOutput(fmt.Sprintf("egg started on http://127.0.0.1:%d", r.port), 1)
	})
}

// TestSticky has clients of several addresses come to one app worker each, and wait for its successor.
func TestSticky(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, map[string]any{"sticky": true, "workers": 3}, nil)
		r.awaitOutput("with STICKY MODE!", 1)
		indexes := map[string]string{}
		used := map[string]bool{}
		for round := range 3 {
			for i := range 12 {
				from := fmt.Sprintf("127.0.0.%d", i+2)
				index := r.mustGet("/", from).Index
				if round > 0 && index != indexes[from] {
					t.Errorf("%s came to app worker %s and then to %s", from, indexes[from], index)
				}
				indexes[from], used[index] = index, true
			}
		}
		if len(used) != 3 {
			t.Errorf("app workers %v have clients", used)
		}
		before := r.mustGet("/", "127.0.0.2")
		r.get("/die", "127.0.0.2")
		after := r.mustGet("/", "127.0.0.2")
		if after.Index != before.Index || after.Pid == before.Pid {
			t.Errorf("the client of %+v came to %+v", before, after)
		}
		r.stopDuringRequest("127.0.0.3")
	})
}

// TestUnixSocket listens on a path.
func TestUnixSocket(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		path := filepath.Join(t.TempDir(), "app.sock")
		config := fmt.Sprintf("exports.keys = 'secret'; exports.cluster = { listen: { path: %q } };", path)
		r := startReady(t, egg, nil, map[string]string{"config/config.default.js": config})
		r.awaitOutput("egg started on "+path, 1)
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
		text, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(text), `"pid"`) {
			t.Errorf("the answer is %q, %v", text, err)
		}
	})
}

// TestRunEndsWithItsContext kills what runs.
func TestRunEndsWithItsContext(t *testing.T) {
	r := startReady(t, "egg3", nil, nil)
	r.workers(2) // and the test's end waits for the rest
}

// TestWorkerThatDoesNotRead stops an app worker, and sends more than may wait for it: the other one gets all, and the log says so.
func TestWorkerThatDoesNotRead(t *testing.T) {
	r := startReady(t, "egg3", nil, nil)
	for pid := range r.workers(2) {
		syscall.Kill(pid, syscall.SIGSTOP)
		defer syscall.Kill(pid, syscall.SIGCONT)
		note := map[string]string{"action": "note", "to": "app", "data": strings.Repeat("x", 64<<10)}
		for range 2 * outbox.MaxWaiting / len(note["data"]) {
			if err := r.parent.Send(nodetest.Context(t), note); err != nil {
				t.Fatal(err)
			}
		}
		note["data"] = "last"
		if err := r.parent.Send(nodetest.Context(t), note); err != nil {
			t.Fatal(err)
		}
		r.awaitOutput("the last note is heard", 1)
		r.awaitOutput(fmt.Sprintf(":%d does not read its messages", pid), 1)
		syscall.Kill(pid, syscall.SIGCONT)
		r.awaitOutput(fmt.Sprintf(":%d reads its messages again", pid), 1)
		return
	}
}
