package worker

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// maxIdle is how long a connection without a request is kept by a worker that leaves, if it has the time: one may be on its way.
const maxIdle = time.Second

// drainer is a server's handler, which has clients end their connections once the worker leaves.
type drainer struct {
	http.Handler
	leaves atomic.Bool
}

// drainHandler puts a drainer before a server's handler. It stays there.
func drainHandler(server *http.Server) *drainer {
	d := &drainer{Handler: server.Handler}
	if d.Handler == nil {
		d.Handler = http.DefaultServeMux
	}
	server.Handler = d
	return d
}

// begin has each answer from now on say that it is the last one on its connection. In HTTP/2 net/http makes a GOAWAY of that.
func (d *drainer) begin() { d.leaves.Store(true) }

// ServeHTTP hands a request on.
func (d *drainer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.leaves.Load() {
		w.Header().Set("Connection", "close")
	}
	d.Handler.ServeHTTP(w, r)
}

// awaitIdle waits until all connections have ended, or those that are idle have been so for long enough to be closed.
func (p *Process) awaitIdle(deadline context.Context) {
	patience := maxIdle
	if end, ok := deadline.Deadline(); ok {
		patience = min(patience, time.Until(end)/5)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.done:
	case <-deadline.Done():
	}
}
