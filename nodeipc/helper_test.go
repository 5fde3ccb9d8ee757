//go:build unix

package nodeipc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const patience = nodetest.Patience

func patient(t testing.TB) context.Context { return nodetest.Context(t) }

// logBuffer collects what a child writes on its standard streams.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// command is a runtime with a script, as one would write it on a command line.
func command(t testing.TB, r nodetest.Runtime, script string, args ...string) *exec.Cmd {
	t.Helper()
	path := nodetest.Script(t, "script.cjs", script)
	if r.Name == "deno" {
		return exec.Command(r.Path, append([]string{"run", "--no-config", "-A", path}, args...)...)
	}
	return exec.Command(r.Path, append([]string{path}, args...)...)
}

// output gives what a program prints, which is killed when it does not end.
func output(cmd *exec.Cmd) (string, error) {
	var stdout strings.Builder
	cmd.Stdout = &stdout
	cmd.WaitDelay = waitDelay // its children may hold the pipe
	if err := cmd.Start(); err != nil {
		return "", err
	}
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	err := cmd.Wait()
	return stdout.String(), err
}

const waitDelay = 5 * time.Second

// maxLife is that of a child whose test waits for what it does not do.
const maxLife = 4 * patience

// start starts a command with a channel, and ends it with the test. What it writes on stderr is told when the
// test fails.
func start(t testing.TB, cmd *exec.Cmd, o nodeipc.Options) *nodeipc.Child {
	t.Helper()
	var log logBuffer
	if cmd.Stderr == nil {
		cmd.Stderr = &log
	}
	cmd.WaitDelay = waitDelay
	if o.Warn == nil {
		o.Warn = func(err error) { t.Errorf("warning: %v", err) }
	}
	o.Serialization = serialization(o.Serialization)
	child, err := nodeipc.Start(cmd, o)
	if err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(maxLife, func() { child.Signal(os.Kill) })
	t.Cleanup(func() {
		killer.Stop()
		if err := child.Signal(os.Kill); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("kill: %v", err)
		}
		if _, err := child.Wait(); err != nil {
			t.Errorf("wait: %v", err)
		}
		child.Close()
		if t.Failed() && log.String() != "" {
			t.Logf("stderr:\n%s", log.String())
		}
	})
	return child
}

// startScript starts a runtime with a script and a channel.
func startScript(t testing.TB, r nodetest.Runtime, script string) *nodeipc.Child {
	t.Helper()
	return start(t, command(t, r, script), nodeipc.Options{})
}

type sender interface {
	Send(context.Context, any) error
}

func send(t testing.TB, c sender, message any) {
	t.Helper()
	if err := c.Send(patient(t), message); err != nil {
		t.Fatal(err)
	}
}

func sendJSON(t testing.TB, c sender, message string) {
	t.Helper()
	send(t, c, json.RawMessage(message))
}

func sendHandle(t testing.TB, c *nodeipc.Channel, message any, h *handlewrap.Handle) {
	t.Helper()
	if err := c.SendHandle(patient(t), message, h); err != nil {
		h.Close()
		t.Fatal(err)
	}
}

type receiver interface {
	Receive(context.Context) (nodeipc.Message, error)
}

func receive(t testing.TB, c receiver) nodeipc.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m, err := c.Receive(ctx)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return m
}

// receiveJSON gives the text of the next message, which has no handle.
func receiveJSON(t testing.TB, c receiver) string {
	t.Helper()
	m := receive(t, c)
	if m.Handle != nil {
		m.Handle.Close()
		t.Fatalf("a handle came with %s", text(m))
	}
	return text(m)
}

// text is a message as JSON, whatever it was sent as.
func text(m nodeipc.Message) string {
	var raw json.RawMessage
	if err := m.Decode(&raw); err != nil {
		return err.Error()
	}
	return string(raw)
}

func expectJSON(t testing.TB, c receiver, want string) {
	t.Helper()
	if got := receiveJSON(t, c); got != want {
		t.Fatalf("received %s, want %s", got, want)
	}
}

// receiveHandle gives the handle of the next message, which must be of type want.
func receiveHandle(t testing.TB, c receiver, want handlewrap.Type) *handlewrap.Handle {
	t.Helper()
	m := receive(t, c)
	if m.Handle == nil {
		t.Fatalf("no handle came with %s", text(m))
	}
	t.Cleanup(func() { m.Handle.Close() })
	if m.Handle.Type() != want {
		t.Fatalf("a handle of type %s, want %s", m.Handle.Type(), want)
	}
	return m.Handle
}

func decode[T any](t testing.TB, m nodeipc.Message) T {
	t.Helper()
	var v T
	if err := m.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// expectEnd waits for the end of a channel and checks what ended it; nil is an orderly end.
func expectEnd(t testing.TB, c *nodeipc.Channel, want error) {
	t.Helper()
	select {
	case <-c.Done():
	case <-patient(t).Done():
		t.Fatal("the channel does not end")
	}
	if err := c.Err(); !errors.Is(err, want) {
		t.Errorf("the channel ended with %v, want %v", err, want)
	}
}

func expectExit(t testing.TB, c *nodeipc.Child, want nodeipc.ExitStatus) {
	t.Helper()
	select {
	case <-c.Exited():
	case <-patient(t).Done():
		t.Fatal("the child does not end")
	}
	status, err := c.Wait()
	if err != nil {
		t.Errorf("wait: %v", err)
	}
	if status != want {
		t.Errorf("exit status %v, want %v", status, want)
	}
}

func expectExitZero(t testing.TB, c *nodeipc.Child) {
	t.Helper()
	expectExit(t, c, nodeipc.ExitStatus{})
}
