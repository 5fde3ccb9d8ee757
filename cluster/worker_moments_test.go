//go:build unix

package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func awaitClosed(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-clustertest.Patient(t).Done():
		t.Fatalf("the worker is not %s", what)
	}
}

// expectMoments checks which of a worker's channels are closed: those of listening, disconnected, exited and gone.
func expectMoments(t *testing.T, w *cluster.Worker, want [4]bool) {
	t.Helper()
	got := [4]bool{isClosed(w.Listening()), isClosed(w.Disconnected()), isClosed(w.Exited()), isClosed(w.Gone())}
	if got != want {
		t.Errorf("listening, disconnected, exited, gone: %v, want %v", got, want)
	}
}

// A worker that listens, leaves its channel and lives on until it is told to end.
func TestMomentsOfAWorkerThatDisconnects(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", "read first <&3; " + clustertest.SaysItListens + "read second <&3; exec 3>&-; read third"},
		Serialization: nodeipc.JSON, Silent: true,
	})
	w := r.MustFork()
	defer w.Stdout().Close()
	defer w.Stderr().Close()
	expectMoments(t, w, [4]bool{})
	r.Tell(w.ID(), "listen")
	awaitClosed(t, "listening", w.Listening())
	r.Event(t, "listening", w.ID())
	expectMoments(t, w, [4]bool{true})
	r.Tell(w.ID(), "disconnect")
	awaitClosed(t, "disconnected", w.Disconnected())
	r.Event(t, "disconnect", w.ID())
	expectMoments(t, w, [4]bool{true, true})
	w.Stdin().Close()
	awaitClosed(t, "gone", w.Gone())
	expectMoments(t, w, [4]bool{true, true, true, true})
}

// A worker that ends and leaves something running that has its channel: nothing waits for that.
func TestMomentsOfAWorkerThatExits(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `sleep 1000 <&- >&- 2>&- & echo $!; exit 3`}, Silent: true,
	})
	w := r.MustFork()
	defer w.Stdin().Close()
	defer w.Stderr().Close()
	var grandchild int
	if _, err := fmt.Fscan(w.Stdout(), &grandchild); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, w.Stdout())
	w.Stdout().Close()
	awaitClosed(t, "exited", w.Exited())
	awaitClosed(t, "gone", w.Gone())
	expectMoments(t, w, [4]bool{1: true, 2: true, 3: true})
	if status := w.ExitStatus(); status.Code != 3 {
		t.Errorf("the worker ended with %v", status)
	}
	if err := syscall.Kill(grandchild, syscall.SIGKILL); err != nil {
		t.Errorf("the end of what the worker left running: %v", err)
	}
}

// Why a worker could not listen is told, with the address and the system's error.
func TestListenError(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	port := clustertest.TakePort(t)
	a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "options": map[string]any{"host": "127.0.0.1", "port": port}})
	if a.Error == nil || a.Error.Code != "EADDRINUSE" {
		t.Fatalf("a worker that listens on a port that is taken hears %v", a.Error)
	}
	e := r.Event(t, "listenError", 1)
	if e.Address.Address != "127.0.0.1" || e.Address.Port != port || e.Address.AddressType != "4" {
		t.Errorf("the address is %+v, want port %d", e.Address, port)
	}
	if errno := syscall.Errno(0); !errors.As(e.Err, &errno) || errno != syscall.EADDRINUSE {
		t.Errorf("the error is %v, want %v", e.Err, syscall.EADDRINUSE)
	}
	if want := fmt.Sprintf("listen on 127.0.0.1 port %d: address already in use", port); e.Err.Error() != want {
		t.Errorf("the error is %q, want %q", e.Err, want)
	}
}

// What a program adds to the events stands in its place among them, for every reader.
func TestEmitError(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, err := cluster.NewPrimary(cluster.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	other := primary.Subscribe()
	said := errors.New("said")
	primary.EmitError(nil, said)
	primary.Setup(cluster.Settings{})
	primary.Close()
	primary.EmitError(nil, errors.New("too late"))
	for want, r := range map[string]reader{"[setup error setup]": primary, "[error setup]": other} {
		if all := readAll(t, r); fmt.Sprint(all.names) != want {
			t.Errorf("the events are %v, want %s", all.names, want)
		}
	}
}
