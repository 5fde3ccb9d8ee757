//go:build linux

package cluster

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// holdings are what a process has: goroutines and descriptors.
type holdings struct{ goroutines, descriptors int }

func holdingsNow() (h holdings) {
	folder, err := os.ReadDir("/proc/self/fd")
	if err == nil {
		h.descriptors = len(folder)
	}
	h.goroutines = runtime.NumGoroutine()
	return h
}

// expectAgain waits until the process has no more than before.
func (h holdings) expectAgain(t *testing.T) {
	t.Helper()
	var now holdings
	for end := time.Now().Add(modelPatience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if now = holdingsNow(); now.goroutines <= h.goroutines && now.descriptors <= h.descriptors {
			return
		}
	}
	stacks := make([]byte, 64<<10)
	t.Errorf("%+v before and %+v after\n%s", h, now, stacks[:runtime.Stack(stacks, true)])
}
