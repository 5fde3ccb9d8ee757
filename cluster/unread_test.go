//go:build linux

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker that never reads takes a bounded amount of 100,000 messages. Of the others is said that it does not read, and
// the other worker goes on, as does this one once it reads.
func TestWorkerThatNeverReads(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	r := clustertest.NewRig(t, cluster.Settings{
		Exec: filepath.Join("..", "testdata", "apps", "http.js"), ExecPath: nodetest.Default(t).Path, Env: []string{fmt.Sprint("PORT=", port)},
		SchedulingPolicy: cluster.SchedRR,
	})
	r.Listening(t, r.MustFork().ID(), port)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.Serialization = r.Settings().Serialization
	r.Setup(settings)
	deaf := r.MustFork()
	r.Ready(deaf)
	if err := clustertest.StandStill(deaf); err != nil {
		t.Fatal(err)
	}
	served := serveSteadily(t, port)

	before := nodetest.Heap()
	message := clustertest.Command{"do": "echo", "value": strings.Repeat("m", 1<<10)}
	const messages = 100_000
	taken := 0
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for taken < messages {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		err := deaf.Send(ctx, message)
		cancel()
		if err != nil {
			expectNotRead(t, err, context.DeadlineExceeded)
			break
		}
		taken++
	}
	for range messages - taken {
		if err := deaf.Send(over, message); !errors.Is(err, context.Canceled) {
			t.Fatalf("send: %v", err)
		}
	}
	served(t, 3)
	const most = 4 << 20
	if now := nodetest.Heap(); taken<<10 > most || now > before+2*most {
		t.Errorf("%d KiB were taken, and %d bytes are in use, %d before", taken, now, before)
	}
	r.Signal(deaf, syscall.SIGCONT)
	if a := clustertest.AskAgent(t, r, deaf.ID(), clustertest.Command{"do": "echo", "value": rawJSON("1")}); string(a.Value) != "1" {
		t.Errorf("once it reads, the worker echoes %s for 1", a.Value)
	}
	served(t, 3)
}

func expectNotRead(t *testing.T, err, because error) {
	t.Helper()
	if text := err.Error(); !errors.Is(err, nodeipc.ErrNotReading) || !errors.Is(err, because) || strings.Contains(text, "\n") {
		t.Errorf("send: %v, want one line that the peer does not read", err)
	}
}
