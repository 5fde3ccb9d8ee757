package supervise

import (
	"context"
	"sync"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// reloader reloads an application for signals and for files that change, one reload after the other.
type reloader struct {
	kind      kind
	requested chan struct{} // holds one request
	idle      chan struct{} // has something when a reload has ended
	running   sync.WaitGroup
}

func newReloader(k kind) *reloader {
	return &reloader{kind: k, requested: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
}

// start begins to carry out what is requested, until the application has ended.
func (r *reloader) start() {
	r.running.Go(func() {
		for {
			select {
			case <-r.requested:
				r.kind.Reload(context.Background(), control.Reload{Wait: true})
				notify(r.idle)
			case <-r.kind.ended():
				return
			}
		}
	})
}

// wait waits for the end of what start has begun. The application must have ended.
func (r *reloader) wait() { r.running.Wait() }

// reopenLogs opens the logs anew.
func (r *reloader) reopenLogs() {
	if err := r.kind.ReopenLogs(context.Background()); err != nil {
		r.kind.events().Error(nil, err)
	}
}

// request has the application reloaded: again if a reload is under way, which may have read its settings before.
func (r *reloader) request() { notify(r.requested) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
