package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const nobody = 65534

// nodeForAll is a Node that every user may run.
func nodeForAll(t *testing.T) string {
	t.Helper()
	return copyForAll(t, nodetest.Default(t).Path, "node")
}

// copyForAll gives the path of a copy of a program in the folder that every user may enter.
func copyForAll(t *testing.T, program, name string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(binary), name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	from, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUIDAndGID(t *testing.T) {
	if os.Geteuid() != 0 {
		// Without root's rights a worker can be nobody else.
		uid, gid := os.Getuid(), os.Getgid()
		expectIDs(t, uid, gid, "--uid", strconv.Itoa(uid), "--gid", strconv.Itoa(gid))
		return
	}
	expectIDs(t, nobody, 0, "--uid", "65534", "--node", nodeForAll(t))
	expectIDs(t, nobody, nobody, "--uid", "65534", "--gid", "65534", "--node", nodeForAll(t))
	expectIDs(t, 0, 0, "--uid", "root", "--gid", "root", "--node", nodeForAll(t))
}

func expectIDs(t *testing.T, uid, gid int, flags ...string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(binary), "reporter.js")
	if err := os.WriteFile(path, []byte(reporter), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := runCommand(t, nil, append(append([]string{"-i", "1"}, flags...), path)...)
	cmd.Dir = filepath.Dir(binary)
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	var r report
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("the worker printed %q: %v", p.stdout, err)
	}
	if r.UID != uid || r.GID != gid {
		t.Errorf("the worker runs as %d:%d, want %d:%d", r.UID, r.GID, uid, gid)
	}
	if !r.Drains {
		t.Errorf("with %v the worker does not drain its connections", flags)
	}
	if warnings, want := len(p.events("warning")), uid != 0 && gid == 0; (warnings == 1) != want {
		t.Errorf("%d warnings about root's group for %v", warnings, flags)
	}
}

// A worker of another user has the ports that it has under a Node primary of that user, if ours is told so.
func TestMinPort(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	script := filepath.Join(filepath.Dir(binary), "low.js")
	const source = `
		const cluster = require('cluster');
		if (cluster.isMaster) {
			cluster.fork();
		} else {
			const server = require('net').createServer();
			server.on('error', ({ syscall, code }) => { console.log(syscall, code); process.exit(); });
			server.listen({ port: 1, host: '127.0.0.1' }, () => { console.log('listens'); process.exit(); });
		}`
	if err := os.WriteFile(script, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	node := nodeForAll(t)
	credential := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	primary := exec.Command(node, script)
	primary.Dir, primary.SysProcAttr = filepath.Dir(script), credential
	want, err := primary.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--min-port", "1024"}, string(want)},
		{[]string{"--min-port", "1"}, "listens\n"},
		{nil, "listens\n"},
	} {
		args := append([]string{"-i", "1", "--restart", "never", "--uid", "65534", "--gid", "65534", "--node", node}, c.flags...)
		cmd := runCommand(t, nil, append(args, script)...)
		cmd.Dir = filepath.Dir(script)
		p := launchCommand(t, cmd)
		p.expectStatus(0)
		if got := p.stdout.String(); got != c.want {
			t.Errorf("with %v the worker says %q, want %q", c.flags, got, c.want)
		}
	}
}

func TestOnlyRootMayChangeTheUser(t *testing.T) {
	cmd := exec.Command(binary, "run", "-i", "1", "--uid", "0", "--gid", "0", "--node", "/bin/true", app(t, "http.js"))
	if os.Geteuid() == 0 {
		script := filepath.Join(filepath.Dir(binary), "nothing.js")
		if err := os.WriteFile(script, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd.Args[len(cmd.Args)-1] = script
		cmd.Dir = filepath.Dir(binary)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	launchCommand(t, cmd).expectOneError("cannot start workers as user 0 as group 0: only root may do that")
}

func TestUserWhoMayNotRunNode(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	path := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run", "-i", "1", "--uid", "65534", "--gid", "65534", "--node", path, app(t, "http.js"))
	launchCommand(t, cmd).expectOneError("cannot start " + path + " as user 65534 as group 65534: permission denied")
}
