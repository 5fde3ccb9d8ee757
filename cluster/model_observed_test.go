//go:build linux

package cluster

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// heardEvents takes a primary's events, and keeps how its workers' channels have ended.
type heardEvents struct {
	mu      sync.Mutex
	changed sync.Cond
	errors  map[*Worker]error
	ended   map[*Worker]bool
}

func newHeardEvents() *heardEvents {
	h := &heardEvents{errors: map[*Worker]error{}, ended: map[*Worker]bool{}}
	h.changed.L = &h.mu
	return h
}

func (h *heardEvents) add(event Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := event.(type) {
	case MessageEvent:
		closeHandle(e.Message.Handle)
	case ErrorEvent:
		h.errors[e.Worker] = e.Err
	case DisconnectEvent:
		h.ended[e.Worker] = true
		h.changed.Broadcast()
	}
}

// endOf waits for the end of a worker's channel, and gives the error that it ended with, if any.
func (h *heardEvents) endOf(w *Worker) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.ended[w] {
		h.changed.Wait()
	}
	return h.errors[w]
}

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
