package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestTraceOfOtherUsers: a child that becomes another user is traced, and so are those of a parent that has.
func TestTraceOfOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	script := filepath.Join(filepath.Dir(binary), "users.js")
	err := os.WriteFile(script, []byte(`
		const { fork } = require('child_process');
		const say = (name, child) => new Promise((resolve) => child.on('message', (m) => console.log(name, m)).on('exit', resolve));
		if (process.argv[2]) {
			process.send([process.getuid(), process.getgid(), process.geteuid(), process.getgroups()]);
			process.exitCode = Number(process.argv[3] ?? 0);
			process.disconnect();
		} else {
			(async () => {
				await say('child', fork(__filename, ['child'], { uid: 1234, gid: 5678 }));
				await say('group', fork(__filename, ['child'], { gid: 5678 }));
				process.setgroups([]);
				process.setgid(5678);
				process.setuid(1234);
				await say('all', fork(__filename, ['child', 7]));
			})();
		}`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	events := sameWithTrace(t, nodeForAll(t), script)
	if n := count(events, func(e traceEvent) bool { return e.Kind == "message" }); n != 3 {
		t.Errorf("%d messages in the trace, want 3", n)
	}
	if got, want := exitsIn(events), "code 0, code 0, code 7"; got != want {
		t.Errorf("the exits are %s, want %s", got, want)
	}
}

// TestTraceOfGoWithOtherUsers: a worker that becomes another user is traced, and does not outlive its primary.
func TestTraceOfGoWithOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	script := filepath.Join(filepath.Dir(binary), "loop.js")
	if err := os.WriteFile(script, []byte("process.send([process.getuid(), process.getgid()], () => {"+loop+"});"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run", "-i", "1", "--uid", "65534", "--gid", "65534", "--node", nodeForAll(t), script)
	cmd.Dir = filepath.Dir(binary)
	cmd, read := traced(t, cmd)
	p := launchCommand(t, cmd)
	p.stdout.awaitText(t, "looping")
	for _, primary := range childrenOf(p.cmd.Process.Pid) {
		if err := syscall.Kill(primary, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.wait()
	events := read()
	if n := count(events, func(e traceEvent) bool { return text(e.Message) == "[65534,65534]" }); n != 1 {
		t.Errorf("the worker's message is %d times in the trace", n)
	}
	if got := exitsIn(events); got != "SIGKILL" {
		t.Errorf("the exits are %q, want SIGKILL", got)
	}
}

// TestTraceOfAGoProgramOfAnotherUser: a Go program that has given up root's rights belongs to the trace of root.
func TestTraceOfAGoProgramOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("no setpriv, of util-linux, to run a program as another user with")
	}
	script := filepath.Join(filepath.Dir(binary), "leaves.js")
	if err := os.WriteFile(script, []byte("process.send([process.getuid()], () => process.exit(9));"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, read := traceOf(t, setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
		binary, "run", "-i", "1", "--restart", "never", "--node", nodeForAll(t), script)
	cmd.Dir = filepath.Dir(binary)
	launchCommand(t, cmd).wait()
	events := read()
	if n := count(events, func(e traceEvent) bool { return text(e.Message) == "[65534]" }); n != 1 {
		t.Errorf("the worker's message is %d times in the trace", n)
	}
	if got := exitsIn(events); got != "code 9" {
		t.Errorf("the exits are %q, want code 9", got)
	}
}
