//go:build linux

package modeltest

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// Holdings are what a process has: goroutines and descriptors.
type Holdings struct{ goroutines, descriptors int }

func HoldingsNow() (h Holdings) {
	time.AfterFunc(time.Hour, func() {}).Stop() // has the runtime open the descriptors of its timers
	folder, err := os.ReadDir("/proc/self/fd")
	if err == nil {
		h.descriptors = len(folder)
	}
	h.goroutines = runtime.NumGoroutine()
	return h
}

// ExpectAgain waits until the process has no more than before.
func (h Holdings) ExpectAgain(t *testing.T) {
	t.Helper()
	var now Holdings
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if now = HoldingsNow(); now.goroutines <= h.goroutines && now.descriptors <= h.descriptors {
			return
		}
	}
	stacks := make([]byte, 64<<10)
	t.Errorf("%+v before and %+v after\n%s", h, now, stacks[:runtime.Stack(stacks, true)])
}
