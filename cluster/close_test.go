//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Close ends all workers, whatever they are at, and then there is nothing to do any more.
func TestClose(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 3)
	port := clustertest.FreePort(t)
	listenAll(t, r, port, 1, 2)
	clustertest.Stop(t, r.ForkedWorker(2))
	clients := connectAll(t, port, 2*window)
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for id := 1; id <= 3; id++ {
		if s := r.ForkedWorker(id).ExitStatus(); s.Signal != syscall.SIGKILL {
			t.Errorf("worker %d: %v, want SIGKILL", id, s)
		}
		r.Event(t, "exit", id)
		r.Event(t, "disconnect", id)
	}
	hangUp(clients)
	clustertest.ExpectRefusal(t, port)
	expectWorkers(t, r)
	if _, err := r.Fork(); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("fork after close: %v, want %v", err, cluster.ErrClosed)
	}
	if _, err := r.Next(clustertest.Patient(t)); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("next event after close: %v, want %v", err, cluster.ErrClosed)
	}
	if err := r.Disconnect(clustertest.Patient(t)); err != nil {
		t.Errorf("disconnect after close: %v", err)
	}
	if r.Worker(1) != nil {
		t.Error("worker 1 is on the list after close")
	}
	r.ForkedWorker(1).Disconnect()
}

// closedAfterExit is a primary that was closed when its only worker had ended, and none of whose events was taken.
func closedAfterExit(t *testing.T, s cluster.Settings) *cluster.Primary {
	t.Helper()
	primary, err := cluster.NewPrimary(s)
	if err != nil {
		t.Fatal(err)
	}
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	<-w.Exited()
	primary.Close()
	return primary
}

// Events that wait when the primary is closed can still be taken.
func TestEventsAfterClose(t *testing.T) {
	nodetest.NoLeaks(t)
	primary := closedAfterExit(t, cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", "exit 7"}})
	var names []string
	for event := range primary.Events(clustertest.Patient(t)) {
		names = append(names, clustertest.OccurrenceOf(t, event).Event)
	}
	if len(names) != 4 || names[0] != "setup" || names[1] != "fork" {
		t.Errorf("events %q, want setup, fork, disconnect and exit", names)
	}
}

// So can messages, but for those with handles, which would stay open if the program did not take them.
func TestMessagesAfterClose(t *testing.T) {
	nodetest.NoLeaks(t)
	primary := closedAfterExit(t, cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "words.js", `
		const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
			process.send('with a handle', server);
			for (let i = 0; i < 100; i++) {
				process.send(i, () => i === 99 && process.exit());
			}
		});`)})
	var messages []int
	for event := range primary.Events(clustertest.Patient(t)) {
		if m, ok := event.(cluster.MessageEvent); ok {
			var n int
			if err := m.Message.Decode(&n); err != nil || m.Message.Handle != nil {
				t.Errorf("a message is %s, %v", m.Message.Payload(), err)
			}
			messages = append(messages, n)
		}
	}
	if len(messages) != 100 || !slices.IsSorted(messages) {
		t.Errorf("the messages are %v, want 0 to 99", messages)
	}
}

func TestNextWithContext(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, err := cluster.NewPrimary(cluster.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	if _, err := primary.Next(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	at, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("no time")
	cancel(reason)
	if _, err := primary.Next(at); !errors.Is(err, reason) {
		t.Errorf("next: %v, want %v", err, reason)
	}
}

func TestForkOfWhatIsNotThere(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		settings cluster.Settings
		want     error
	}{
		{cluster.Settings{ExecPath: filepath.Join(t.TempDir(), "missing")}, fs.ErrNotExist},
		{cluster.Settings{ExecPath: "a-program-that-nobody-has"}, exec.ErrNotFound},
		{cluster.Settings{ExecPath: "/bin/sh", Cwd: filepath.Join(t.TempDir(), "missing")}, fs.ErrNotExist},
		{cluster.Settings{ExecPath: t.TempDir()}, fs.ErrPermission},
		{cluster.Settings{ExecPath: "/bin/missing", Silent: true}, fs.ErrNotExist},
	} {
		r := clustertest.NewRig(t, c.settings)
		if _, err := r.Fork(); !errors.Is(err, c.want) {
			t.Errorf("fork of %s: %v, want %v", c.settings.ExecPath, err, c.want)
		}
		expectWorkers(t, r)
	}
}

// Everything at once leaves nothing behind.
func TestEverythingAtOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{ExecPath: os.Args[0], Env: clustertest.AsProgram("greeter")})
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for i := range 6 {
				w, err := r.Fork()
				if errors.Is(err, cluster.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				switch i % 3 {
				case 0:
					w.Kill(syscall.SIGKILL)
				case 1:
					w.Disconnect()
				default:
					w.Send(context.Background(), "hello")
				}
				r.Setup(r.Settings())
				r.Workers()
			}
		})
	}
	busy.Go(func() {
		for i := range 8 {
			r.Event(t, "fork", i+1)
			at, cancel := context.WithCancel(context.Background())
			cancel()
			r.Disconnect(at)
		}
		r.Close()
	})
	busy.Wait()
	r.Close()
	for _, o := range r.All() {
		if o.Event == "fork" {
			r.Event(t, "exit", o.Worker)
			r.Event(t, "disconnect", o.Worker)
		}
	}
	r.ExpectErrors = true
}
