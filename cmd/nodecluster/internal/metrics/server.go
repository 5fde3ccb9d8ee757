package metrics

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// Service is what the server tells of. A control.Service is one.
type Service interface {
	// Metrics answers scrapes.
	Metrics() http.Handler
	// Live returns nil if the supervisor lives, and Ready if clients are to be sent to the application. Both say else why not, within a time
	// that a probe waits.
	Live() error
	Ready() error
}

// Limits on what clients may take of a supervisor. Those of the same node need less.
const (
	maxClients     = 128 // connections at a time; more wait
	maxHeaderBytes = 16 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second
	answerTimeout  = 30 * time.Second
	idleTimeout    = 90 * time.Second // longer than Prometheus is quiet between two scrapes
)

// Server answers GET /metrics, /livez and /readyz, for run --metrics. Make one with [NewServer].
type Server struct{ http http.Server }

// NewServer makes a server that does not serve yet.
func NewServer(s Service) *Server {
	return &Server{http.Server{
		Handler:           handlerOf(s),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}}
}

// handlerOf answers what the server is asked.
func handlerOf(s Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics())
	mux.Handle("GET /livez", probe(s.Live))
	mux.Handle("GET /readyz", probe(s.Ready))
	return mux
}

// probe answers 200 and "ok", or 503 and why not.
func probe(check func() error) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Cache-Control", "no-store")
		if err := check(); err != nil {
			http.Error(answer, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		answer.Write([]byte("ok\n"))
	})
}

// Serve answers those who connect to l, until Shutdown, after which it returns nil, or until l fails, whose error it returns. It closes l. It
// serves 128 connections at a time; further ones wait.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(netutil.LimitListener(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown closes the listener, answers what was asked, and closes all connections. When ctx ends before, it cuts those that are left, and
// returns the error of ctx. After it a Serve that comes later returns nil at once.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	return errors.Join(err, s.http.Close())
}
