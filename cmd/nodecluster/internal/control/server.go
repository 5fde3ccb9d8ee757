package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxHeaderSize = 32 << 10
	maxHeaderTime = 10 * time.Second
	maxIdleTime   = time.Minute
	maxBodyTime   = 30 * time.Second
	maxAnswerTime = 30 * time.Second // to take what was written
)

// ServerOptions are how a server serves. The zero value is a good one.
type ServerOptions struct {
	// Group is the name or number of the group whose members may read, "" for nobody but the user and root. They do not see the values
	// of the environment.
	Group string
	// Log is told of faults of the supervisor, nil for nowhere.
	Log *slog.Logger
}

// A Server answers what is asked of a supervisor.
type Server struct {
	service   Service
	group     string
	readers   readers
	log       *slog.Logger
	handler   http.Handler
	http      *http.Server
	heartbeat time.Duration

	life    context.Context // that of what goes on without a client
	kill    context.CancelFunc
	closing chan struct{} // closed when the streams are to end
	close   func()
}

// NewServer makes a server, which serves nobody yet.
func NewServer(s Service, o ServerOptions) *Server {
	server := &Server{service: s, group: o.Group, log: o.Log, heartbeat: heartbeat, closing: make(chan struct{})}
	if server.log == nil {
		server.log = slog.New(slog.DiscardHandler)
	}
	server.readers.group = noGroup
	if o.Group != "" {
		server.readers.group = groupNumber(o.Group, server.log)
	}
	server.life, server.kill = context.WithCancel(context.Background())
	server.close = sync.OnceFunc(func() { close(server.closing) })
	api := server.rescued(server.routes())
	server.handler = named(api)
	server.http = &http.Server{
		Handler:           named(server.permitted(api)),
		ConnContext:       connContext,
		ReadHeaderTimeout: maxHeaderTime,
		IdleTimeout:       maxIdleTime,
		MaxHeaderBytes:    maxHeaderSize,
		ErrorLog:          slog.NewLogLogger(server.log.Handler(), slog.LevelWarn),
	}
	return server
}

// Serve answers those who connect, until Shutdown, and gives nil then. The listener is the server's from now on. Those who connect over a
// Unix socket are known by their user: the same one and root may do everything, members of the group may read. Over anything else nobody
// may do anything.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(knownListener{l, &s.readers}); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown takes no further connections, ends the streams of events, and returns when what was asked before is answered. If ctx ends
// first then what goes on is told to end, connections are closed, and the error is that of ctx. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close()
	defer s.kill()
	err := s.http.Shutdown(ctx)
	if err != nil && ctx.Err() != nil {
		s.kill()
		s.http.Close()
	}
	return err
}

// Handler is what Serve serves, for everybody: it does not ask who asks.
func (s *Server) Handler() http.Handler { return s.handler }
