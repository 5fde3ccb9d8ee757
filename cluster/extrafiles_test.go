//go:build unix

package cluster_test

import (
	"io"
	"os"
	"slices"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The files are the workers' by their numbers, with the channel in the place that was left free, and stay the primary's.
func TestExtraFiles(t *testing.T) {
	nodetest.NoLeaks(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	args := []string{"-c", `echo "\"online\"" >&4; echo "$NODE_CHANNEL_FD $NODE_UNIQUE_ID" >&5`}
	r := clustertest.NewRig(t, cluster.Settings{ExecPath: "/bin/sh", Args: args, ExtraFiles: []*os.File{read, nil, write}, Serialization: nodeipc.JSON})
	for _, want := range []string{"4 1\n", "4 2\n"} {
		w := r.MustFork()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(read, got); string(got) != want {
			t.Errorf("a worker wrote %q, %v, want %q", got, err, want)
		}
		r.Event(t, "exit", w.ID())
		if got, want := w.Args(), append([]string{"/bin/sh"}, args...); !slices.Equal(got, want) {
			t.Errorf("the command line is %q, want %q", got, want)
		}
	}
}
