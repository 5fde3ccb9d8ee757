//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestStartedChildFindsItsChannel(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		cmd := command(t, node, `
			const inherited = require('child_process').execFileSync('/usr/bin/env').toString();
			process.send({
				connected: process.connected,
				own: Object.keys(process.env).filter((name) => name.startsWith('NODE_CHANNEL')),
				inherited: inherited.split('\n').filter((line) => line.startsWith('NODE_CHANNEL')),
				greeting: process.env.GREETING,
				cwd: process.cwd(),
				args: process.argv.slice(2),
			});
			process.disconnect();`, "one", "two words")
		cmd.Env = append(os.Environ(), "GREETING=hello")
		cmd.Dir = t.TempDir()
		child := start(t, cmd, nodeipc.Options{})
		got := decode[struct {
			Connected bool     `json:"connected"`
			Own       []string `json:"own"`
			Inherited []string `json:"inherited"`
			Greeting  string   `json:"greeting"`
			Cwd       string   `json:"cwd"`
			Args      []string `json:"args"`
		}](t, receive(t, child))
		if !got.Connected || len(got.Own) > 0 || len(got.Inherited) > 0 {
			t.Errorf("connected %v, variables %q, of a grandchild %q", got.Connected, got.Own, got.Inherited)
		}
		if dir, _ := filepath.EvalSymlinks(cmd.Dir); got.Cwd != dir || got.Greeting != "hello" {
			t.Errorf("cwd %q, GREETING %q", got.Cwd, got.Greeting)
		}
		if !slices.Equal(got.Args, []string{"one", "two words"}) {
			t.Errorf("args %q", got.Args)
		}
		expectEnd(t, child.Channel, nil)
		expectExitZero(t, child)
	})
}

// shell is a child that is no Node: it finds its channel as Node does.
func shell(script string) *exec.Cmd { return exec.Command("/bin/sh", "-c", script) }

func TestStartAnyCommand(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell(`eval "read line <&$NODE_CHANNEL_FD"; eval "printf '%s\n' \"\$line\" >&$NODE_CHANNEL_FD"; exit 7`), nodeipc.Options{Serialization: nodeipc.JSON})
	sendJSON(t, child, `{"to":"a shell"}`)
	expectJSON(t, child, `{"to":"a shell"}`)
	expectExit(t, child, nodeipc.ExitStatus{Code: 7})
	expectEnd(t, child.Channel, nil)
}

func TestSerializationVariable(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell(`echo "\"$NODE_CHANNEL_SERIALIZATION_MODE\"" >&3`), nodeipc.Options{Serialization: nodeipc.JSON})
	expectJSON(t, child, `"json"`)
}

func TestStdio(t *testing.T) {
	nodetest.NoLeaks(t)
	node := nodetest.Default(t)
	script := `process.stdin.pipe(process.stdout); console.error('to stderr');`
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := command(t, node, script)
	cmd.Stderr = write
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child := start(t, cmd, nodeipc.Options{})
	write.Close()
	io.WriteString(in, "through the pipes")
	in.Close()
	if b, err := io.ReadAll(out); string(b) != "through the pipes" {
		t.Errorf("stdout %q, %v", b, err)
	}
	if b, err := io.ReadAll(read); string(b) != "to stderr\n" {
		t.Errorf("stderr %q, %v", b, err)
	}
	expectExitZero(t, child)
}

func TestStdioDiscarded(t *testing.T) {
	nodetest.NoLeaks(t)
	child, err := nodeipc.Start(shell(`readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 | sed 's/.*/"&"/' >&3`), nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	for _, want := range []string{os.DevNull, "pipe", os.DevNull} {
		if got := receiveJSON(t, child); !strings.Contains(got, want) {
			t.Errorf("a stream is %s, want %s", got, want)
		}
	}
	expectExitZero(t, child)
}

func TestExtraFilesKeepTheirNumbers(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		var files []*os.File
		for i := range 2 {
			f, err := os.CreateTemp(t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fmt.Fprintf(f, "file %d", i)
			files = append(files, f)
		}
		cmd := command(t, node, `
			const fs = require('fs');
			const text = (fd) => fs.readFileSync(fd, 'utf8');
			process.on('message', (fds) => process.send(fds.map(text), () => process.disconnect()));`)
		for _, c := range []struct {
			extra []*os.File
			fds   string
		}{
			{files, "[3,4]"},
			{[]*os.File{files[0], nil, files[1]}, "[3,5]"},
		} {
			for _, f := range files {
				f.Seek(0, io.SeekStart)
			}
			again := exec.Command(cmd.Path, cmd.Args[1:]...)
			again.ExtraFiles = c.extra
			child := start(t, again, nodeipc.Options{})
			sendJSON(t, child, c.fds)
			expectJSON(t, child, `["file 0","file 1"]`)
			expectExitZero(t, child)
		}
	})
}

// credential is another user's where the tests may be one, else the own.
func credential() *syscall.Credential {
	if os.Getuid() == 0 {
		return &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
}

func TestUserAndGroup(t *testing.T) {
	nodetest.NoLeaks(t)
	cmd := shell(`echo "[$(id -u),$(id -g)]" >&3`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential()}
	child := start(t, cmd, nodeipc.Options{Serialization: nodeipc.JSON})
	expectJSON(t, child, fmt.Sprintf("[%d,%d]", credential().Uid, credential().Gid))
	expectExitZero(t, child)
}

func TestContextEndsTheChild(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		plain := command(t, node, `process.on('message', () => {}); process.send('ready');`)
		cmd := exec.CommandContext(ctx, plain.Path, plain.Args[1:]...)
		child := start(t, cmd, nodeipc.Options{})
		expectJSON(t, child, `"ready"`)
		cancel()
		expectExit(t, child, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	})
}

// As os/exec has it: a child that takes its end well is an error, because it did not do what it was to do.
func TestContextAsksTheChildToEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plain := command(t, nodetest.Default(t), `process.on('SIGTERM', () => process.exit(0)); process.on('message', () => {}); process.send('ready');`)
	cmd := exec.CommandContext(ctx, plain.Path, plain.Args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	expectJSON(t, child, `"ready"`)
	cancel()
	if status, err := child.Wait(); status != (nodeipc.ExitStatus{}) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", status, err)
	}
}

func TestStartFails(t *testing.T) {
	nodetest.NoLeaks(t)
	_, err := nodeipc.Start(exec.Command("/no/such/command"), nodeipc.Options{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a command that is not there: %v", err)
	}
	cmd := shell("true")
	cmd.Dir = "/no/such/folder"
	if _, err := nodeipc.Start(cmd, nodeipc.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestSerializationIsChecked(t *testing.T) {
	nodetest.NoLeaks(t)
	_, err := nodeipc.Start(shell("true"), nodeipc.Options{Serialization: "xml"})
	if err == nil || !strings.Contains(err.Error(), `"xml" is not known`) {
		t.Errorf("xml: %v", err)
	}
}
