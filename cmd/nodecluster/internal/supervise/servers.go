package supervise

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
)

// answering is a server that runs.
type answering interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// servers are those that answer while an application runs.
type servers struct {
	options *Options
	all     []answering
	running sync.WaitGroup
}

// start has the control socket answered, and those who ask for metrics.
func (s *servers) start(k kind) {
	if s.options.Control != nil {
		s.serve(control.NewServer(k, control.ServerOptions{Group: s.options.ControlGroup, Log: s.options.Log.Logger()}), s.options.Control)
	}
	if s.options.Metrics != nil {
		s.serve(metrics.NewServer(k), s.options.Metrics)
	}
}

func (s *servers) serve(server answering, l net.Listener) {
	s.all = append(s.all, server)
	s.running.Go(func() {
		if err := server.Serve(l); err != nil {
			s.options.Log.Error(nil, fmt.Errorf("%s is not answered any more: %w", l.Addr(), err))
		}
	})
}

// close ends the servers, which have lastAnswers for answers that are being written, and closes the listeners, also those that nobody serves yet.
func (s *servers) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	for _, server := range s.all {
		server.Shutdown(ctx)
	}
	for _, l := range []net.Listener{s.options.Control, s.options.Metrics, s.options.Sticky} {
		if l != nil {
			l.Close()
		}
	}
	s.running.Wait()
}
