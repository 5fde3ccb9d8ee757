package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eggTools are Egg's own programs for people, of each version.
var eggTools = map[int]struct{ scripts, bin string }{
	3: {scripts: "egg-scripts3/bin/egg-scripts.js", bin: "egg-bin6/dist/bin/cli.js"},
	4: {scripts: "egg-scripts4/bin/run.js", bin: "egg-bin7/bin/run.js"},
}

// eachEgg runs a test with both versions and both masters.
func eachEgg(t *testing.T, test func(t *testing.T, version int, master eggMaster)) {
	t.Helper()
	official, ours := eggMasters(t)
	masters := []eggMaster{official}
	if !ours.official {
		masters = append(masters, ours)
	}
	for _, version := range []int{3, 4} {
		for _, master := range masters {
			t.Run(fmt.Sprintf("egg %d/%s", version, filepath.Base(master.program)), func(t *testing.T) { test(t, version, master) })
		}
	}
}

// TestEggScripts: egg-scripts starts an application in the background, stops it and starts it again.
func TestEggScripts(t *testing.T) {
	eachEgg(t, func(t *testing.T, version int, master eggMaster) {
		r := newEggRun(t, master, version)
		r.service.allowAll()
		title := fmt.Sprint("--title=shop-", r.port)
		stdout, stderr := r.path("home/stdout.log"), r.path("home/stderr.log")
		start := []string{"start", "--daemon", title, fmt.Sprint("--port=", r.port), "--workers=2", "--stdout=" + stdout, "--stderr=" + stderr}
		if !master.official {
			start = append(start, "--node="+master.program)
		}
		for range 2 {
			r.egg(eggTools[version].scripts, append(start, r.path("app"))...)
			r.expectGreeting("hello you")
			if text, err := os.ReadFile(stderr); err != nil || len(text) > 0 {
				t.Errorf("the application has written to its standard error (%v):\n%s", err, text)
			}
			r.egg(eggTools[version].scripts, "stop", title)
			expectNoProcess(t, r.mark)
		}
	})
}

// TestEggBin: egg-bin dev reloads the application when a file changes.
func TestEggBin(t *testing.T) {
	eachEgg(t, func(t *testing.T, version int, master eggMaster) {
		r := newEggRun(t, master, version)
		r.service.allowAll()
		r.env = nil
		command := []string{filepath.Join(nodetest.Eggs(t), eggTools[version].bin), "dev", fmt.Sprint("--port=", r.port), "--workers=2"}
		if !master.official { // egg-bin has no flag for it
			command = append([]string{master.program, "egg-tool"}, command...)
		}
		cmd := r.command(command[0], command[1:]...)
		cmd.Stdout, cmd.Stderr = r.stdout, r.stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal has it
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				t.Logf("standard output:\n%s\nstandard error:\n%s", r.stdout, r.stderr)
			}
			cmd.Wait()
		})
		r.stdout.awaitText(t, "started on") // Egg's own master ends when it is to reload before
		r.expectGreeting("hello you")
		r.change()
		poll(t, "the change is there", func() bool { return strings.Contains(r.answer("tcp", localhost(r.port), "http", "/"), "changed") })
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		expectNoProcess(t, r.mark)
	})
}

// egg runs one of Egg's programs to its end.
func (r *eggRun) egg(program string, args ...string) {
	r.t.Helper()
	cmd := r.command(nodetest.Default(r.t).Path, append([]string{filepath.Join(nodetest.Eggs(r.t), program)}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		stdout, _ := os.ReadFile(r.path("home/stdout.log"))
		stderr, _ := os.ReadFile(r.path("home/stderr.log"))
		r.t.Fatalf("%s %s: %v\n%s\nthe master's standard output:\n%s\nand error:\n%s", program, args, err, out, stdout, stderr)
	}
}

// command is a command with the environment of the run.
func (r *eggRun) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = r.path("app")
	cmd.Env = append([]string{
		"PATH=" + filepath.Dir(nodetest.Default(r.t).Path) + ":" + os.Getenv("PATH"), "HOME=" + r.path("home"), "EGG_HOME=" + r.path("home"),
		"NODE_LOG_DIR=" + r.path("home/node"), "SHOP_LOG=" + r.path("log"),
		"SHOP_SERVICE=" + r.service.server.URL, "GORACE=atexit_sleep_ms=0", "NODECLUSTER_HOME=" + r.path("home"), r.mark,
	}, r.env...)
	return cmd
}

func (r *eggRun) expectGreeting(want string) {
	r.t.Helper()
	if got := r.answer("tcp", localhost(r.port), "http", "/"); !strings.Contains(got, want) {
		r.t.Errorf("the application answers %q, want %q in it", got, want)
	}
}
