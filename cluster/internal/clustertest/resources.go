//go:build unix

package clustertest

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// OpenDescriptors is how many descriptors this process has.
func OpenDescriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Eventually asks until the answer is yes, or patience ends.
func Eventually(yes func() bool) bool {
	for end := time.Now().Add(Patience); time.Now().Before(end); runtime.Gosched() {
		if yes() {
			return true
		}
	}
	return false
}
