//go:build unix

package cluster_test

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestSilent(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `read line; echo "out $line"; echo "err $line" >&2`}, Silent: true,
	}
	r := clustertest.NewRig(t, settings)
	w := r.MustFork()
	defer w.Stdin().Close()
	defer w.Stdout().Close()
	defer w.Stderr().Close()
	if _, err := fmt.Fprintln(w.Stdin(), "hello"); err != nil {
		t.Fatal(err)
	}
	for want, stream := range map[string]io.Reader{"out hello\n": w.Stdout(), "err hello\n": w.Stderr()} {
		if got, err := io.ReadAll(stream); err != nil || string(got) != want {
			t.Errorf("printed %q, %v, want %q", got, err, want)
		}
	}
	r.Event(t, "exit", 1)
}

func TestStandardStreams(t *testing.T) {
	nodetest.NoLeaks(t)
	var out, err clustertest.Output
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `read line; echo "out $line"; echo "err $line" >&2`},
		Stdin: strings.NewReader("hello\n"), Stdout: &out, Stderr: &err,
	})
	w := r.MustFork()
	if w.Stdin() != nil || w.Stdout() != nil || w.Stderr() != nil {
		t.Error("a worker that is not silent has pipes")
	}
	r.Event(t, "exit", 1)
	if out.String() != "out hello\n" || err.String() != "err hello\n" {
		t.Errorf("printed %q and %q", &out, &err)
	}
}

// What a worker leaves running, and what has its standard output, does not hold up the news of its end.
func TestStandardStreamsOfGrandchildren(t *testing.T) {
	nodetest.NoLeaks(t)
	var out clustertest.Output
	r := clustertest.NewRig(t, cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", `sleep 1000 & echo $!; exit 3`}, Stdout: &out})
	r.MustFork()
	if o := r.Event(t, "exit", 1); o.Code != 3 {
		t.Errorf("%v, want code 3", o)
	}
	var grandchild int
	if _, err := fmt.Sscan(out.String(), &grandchild); err != nil {
		t.Fatalf("the worker printed %q: %v", &out, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(grandchild, syscall.SIGKILL); err != nil {
		t.Errorf("the end of what the worker left running: %v", err)
	}
}
