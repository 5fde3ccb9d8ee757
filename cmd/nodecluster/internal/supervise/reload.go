package supervise

import (
	"context"
	"sync"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// reloader reloads a pool for signals and for files that change, one reload after the other.
type reloader struct {
	service   *service
	requested chan struct{} // holds one request
	idle      chan struct{} // has something when a reload has ended
	running   sync.WaitGroup
}

func newReloader(s *service) *reloader {
	return &reloader{service: s, requested: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
}

// start begins to carry out what is requested, until the pool has ended.
func (r *reloader) start() {
	r.running.Go(func() {
		for {
			select {
			case <-r.requested:
				r.service.Reload(context.Background(), control.Reload{Wait: true})
				notify(r.idle)
			case <-r.service.workers.Done():
				return
			}
		}
	})
}

// wait waits for the end of what start has begun. The pool must have ended.
func (r *reloader) wait() { r.running.Wait() }

// request has the pool reloaded: again if a reload is under way, which may have read its settings before.
func (r *reloader) request() { notify(r.requested) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
