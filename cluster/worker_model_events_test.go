//go:build linux

package cluster

import "sync"

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
		if h := e.Message.Handle; h != nil {
			h.Close()
		}
	case DisconnectEvent:
		h.errors[e.Worker] = e.Err
		h.ended[e.Worker] = true
		h.changed.Broadcast()
	}
}

// endOf waits for the end of a worker's channel, and returns the error that it ended with, if any.
func (h *heardEvents) endOf(w *Worker) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.ended[w] {
		h.changed.Wait()
	}
	return h.errors[w]
}
