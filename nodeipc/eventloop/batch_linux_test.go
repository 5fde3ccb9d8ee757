//go:build !portable

package eventloop

import (
	"os"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func schedulingPolicy() uintptr {
	policy, _, _ := unix.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	return policy
}

// The loop's thread alone is in SCHED_BATCH.
func TestBatchIsTheLoopsAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	l, err := NewBatch()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var policy uintptr
	l.Call(func() { policy = schedulingPolicy() })
	if policy != unix.SCHED_BATCH {
		t.Errorf("the loop's thread has policy %d, want %d", policy, unix.SCHED_BATCH)
	}
	batch := 0
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		if policyOf("/proc/self/task/"+thread.Name()+"/stat") == "3" {
			batch++
		}
	}
	if batch != 1 {
		t.Errorf("%d threads are in SCHED_BATCH", batch)
	}
}

// policyOf is the field policy of a stat file in /proc.
func policyOf(file string) string {
	stat, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	const policy = 41 - 3 // counted from the state, the third field
	return strings.Fields(after)[policy]
}
