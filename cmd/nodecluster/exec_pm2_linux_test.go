package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestExecPM2: PM2's cluster mode does the same on plain Node and where its daemon has loaded the preload, on every Node that PM2 supports.
// PM2's commands take most of the time, about half a second each, so that there are fewer between the oldest and the newest Node.
func TestExecPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all has it")
	}
	program, err := pm2.Fetch(nodetest.Context(t), "../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	const oldest, newest = 18, 26
	register := "NODE_OPTIONS=--require " + registering(t)
	nodetest.EachNodeSince(t, oldest, func(t *testing.T, node nodetest.Runtime) {
		steps := (*pm2User).reload
		if node.Major == oldest || node.Major == newest {
			steps = (*pm2User).doAll
		}
		var plain, adopted []string
		t.Run("side by side", func(t *testing.T) {
			t.Run("plain", func(t *testing.T) { t.Parallel(); plain = usePM2(t, node.Path, program, nil, 0, steps) })
			t.Run("preload", func(t *testing.T) {
				t.Parallel()
				adopted = usePM2(t, node.Path, program, []string{register}, 1, steps)
			})
		})
		if diff := cmp.Diff(plain, adopted); diff != "" {
			t.Errorf("with the preload PM2 does other things than without (-plain +preload):\n%s", diff)
		}
	})
}

// registering writes a script that loads the preload, as that of the npm package does.
func registering(t *testing.T) string {
	t.Helper()
	files := map[string]string{"register.cjs": fmt.Sprintf("require('./preload.cjs').adopt({ program: %q, strict: true });", binary)}
	for _, name := range []string{"internal/adopt/preload.cjs", "internal/interpose/spawn.cjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return filepath.Join(folderWith(t, files), "register.cjs")
}

// A pm2User does what users of PM2 do.
type pm2User struct {
	t      *testing.T
	daemon *pm2.Daemon
	folder string
	port   int
	did    []string // what has come of each step
}

// usePM2 starts two workers, of which the first dies, takes steps, and gives what has come of them. The daemon has that many engines.
func usePM2(t *testing.T, node, program string, env []string, engines int, steps func(*pm2User)) (did []string) {
	t.Helper()
	u := &pm2User{t: t, folder: t.TempDir(), port: nodetest.FreePort(t)}
	app, err := filepath.Abs("testdata/primaries/pm2-app.js")
	if err != nil {
		t.Fatal(err)
	}
	env = append(portVariable(u.port), env...)
	u.daemon, err = pm2.Start(node, program, u.folder, env, app, "-i", "2", "--name", "app", "--kill-timeout", "10000")
	if err != nil {
		t.Fatal(err)
	}
	defer u.daemon.End()
	u.awaitStarts(2)
	if got := countEngines(u.daemon.PID()); got != engines {
		t.Errorf("PM2's daemon has %d engines, want %d", got, engines)
	}
	// Which of the two gets the first connection is not said anywhere.
	poll(t, "the death of the first worker", func() bool { return getText(t, u.port, "/die") == noAnswer })
	u.awaitStarts(3)
	steps(u)
	return u.did
}

func (u *pm2User) reload() {
	u.step(func() { u.awaitStarts(5) }, "reload", "app")
	u.step(func() {}, "delete", "app")
}

func (u *pm2User) doAll() {
	u.step(func() {}, "ping")
	u.step(func() { u.awaitStarts(5) }, "reload", "app")
	u.step(func() { u.awaitStarts(7) }, "restart", "app")
	u.step(func() { u.awaitStarts(8) }, "scale", "app", "3")
	u.step(func() { u.awaitLines("SIGUSR2", 3) }, "sendSignal", "SIGUSR2", "app")
	u.step(func() {}, "scale", "app", "1")
	u.step(func() {}, "stop", "app")
	u.step(func() { u.awaitStarts(9) }, "start", "app")
	u.step(func() {}, "delete", "app")
}

// step gives PM2 a command, and notes what there is after.
func (u *pm2User) step(after func(), args ...string) {
	u.t.Helper()
	if err := u.daemon.Command(patience, args...); err != nil {
		u.t.Fatal(err)
	}
	after()
	u.did = append(u.did, strings.Join(args, " ")+": "+u.state()+" "+getText(u.t, u.port, "/"))
}

// awaitStarts waits until that many workers have started in all.
func (u *pm2User) awaitStarts(n int) { u.awaitLines("listens", n) }

// awaitLines waits until the application's workers have logged a line that often.
func (u *pm2User) awaitLines(line string, n int) {
	u.t.Helper()
	poll(u.t, fmt.Sprintf("%q %d times in the log", line, n), func() bool {
		found := 0
		logs, _ := filepath.Glob(filepath.Join(u.folder, "pm2", "logs", "app-out*.log"))
		for _, name := range logs {
			text, _ := os.ReadFile(name)
			found += strings.Count(string(text), line+"\n")
		}
		return found == n
	})
}

func countEngines(daemon int) (engines int) {
	for _, child := range childrenOf(daemon) {
		if strings.Contains(commandLine(child), "adopt-engine") {
			engines++
		}
	}
	return engines
}

// state is what PM2 says of the workers, by their numbers.
func (u *pm2User) state() string {
	u.t.Helper()
	if err := u.daemon.Command(patience, "jlist"); err != nil {
		u.t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(u.folder, "pm2", "command.log"))
	if err != nil {
		u.t.Fatal(err)
	}
	var list []struct {
		ID  int `json:"pm_id"`
		Env struct {
			Status   string
			Restarts int    `json:"restart_time"`
			Mode     string `json:"exec_mode"`
		} `json:"pm2_env"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		u.t.Fatalf("pm2 jlist says %q: %v", text, err)
	}
	var workers []string
	for _, w := range list {
		workers = append(workers, fmt.Sprint(w.ID, w.Env))
	}
	slices.Sort(workers)
	return strings.Join(workers, ", ")
}

const noAnswer = "no answer"

// getText is what a request on a connection of its own is answered with, or that it is not.
func getText(t *testing.T, port int, path string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + localhost(port) + path)
	if err != nil {
		return noAnswer
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
