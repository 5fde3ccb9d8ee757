//go:build unix

package cluster_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"golang.org/x/sys/unix"
)

// eventually asks until the answer is yes, or patience ends.
func eventually(yes func() bool) bool {
	for end := time.Now().Add(clustertest.Patience); time.Now().Before(end); runtime.Gosched() {
		if yes() {
			return true
		}
	}
	return false
}

// openDescriptors is how many descriptors this process has.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// leaveRoomFor sets the limit on descriptors so that n more can be opened.
func leaveRoomFor(n uint64) error {
	free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.Close(free)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = uint64(free) + n
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// makeRoomFor raises the limit on descriptors by n.
func makeRoomFor(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur += n
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}
