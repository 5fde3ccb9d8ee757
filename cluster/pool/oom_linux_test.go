package pool_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func oomScore(t *testing.T, process any) int {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%v/oom_score_adj", process))
	if err != nil {
		t.Fatal(err)
	}
	score, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// When memory runs out the kernel takes workers before the primary, whichever user they are, and successors too.
func TestWorkersAreEndedBeforeThePrimary(t *testing.T) {
	nodetest.NoLeaks(t)
	uid := uint32(os.Getuid())
	if uid == 0 {
		uid = 65534
	}
	stays := clustertest.Shell("read end <&3")
	stays.UID = &uid
	r := newRig(t, stays, pool.Options{Instances: 2, MinPause: 1})
	want := min(oomScore(t, "self")+50, 1000)
	workers := r.Workers()
	for _, w := range workers {
		if got := oomScore(t, w.Pid()); got != want {
			t.Errorf("worker %d has the score %d, want %d", w.ID(), got, want)
		}
	}
	if err := workers[0].Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.Event(t, "fork", 3)
	successor := r.Worker(3).Pid()
	if !clustertest.Eventually(func() bool { return oomScore(t, successor) == want }) {
		t.Errorf("the successor has the score %d, want %d", oomScore(t, successor), want)
	}
}
