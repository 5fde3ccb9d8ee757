package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

// A Source has the applications that the page shows. Its methods may be called from any goroutine.
type Source interface {
	// Apps gives all applications by name, those that are down too.
	Apps(ctx context.Context) ([]control.App, error)
	// Client gives what an application's supervisor is spoken to with, whether it runs or not.
	Client(name string) (*control.Client, error)
	// Logs reads what the workers of an application have printed, in order.
	Logs(ctx context.Context, name string, q logs.Query) iter.Seq2[logs.Line, error]
}

// Options are what a page is made of. All but Source may be left out.
type Options struct {
	Source Source
	// Metrics answers /metrics, to the same clients as the page. Without it there is no such path.
	Metrics http.Handler
	// Start starts an application that is down, and returns when it runs or why it does not. Without it the page says by which command
	// it is started.
	Start func(ctx context.Context, name string) error
	// Stop stops an application, and returns when its supervisor has ended or why it does not. Without it the page says by which command
	// it is stopped.
	Stop func(ctx context.Context, name string) error
	// Token is what a client has to know: see [ReadToken]. Without one the page is for the same user and root on loopback alone.
	Token string
	// TLS has the certificate. Without it the page listens on loopback alone.
	TLS *tls.Config
	// Hosts are names by which the page is reached, beside localhost, addresses, and the names of the certificate.
	Hosts []string
}

// How much one page serves at once, and how long a client may take.
const (
	maxConnections = 256
	maxStreams     = 96
	maxHeader      = 16 << 10
	maxBody        = 16 << 10
	requestTime    = 10 * time.Second
	answerTime     = 30 * time.Second // but for streams, and for changes, which take as long as they take
	idleTime       = 60 * time.Second
)

// A Server serves the page. Make one with [New], and end it with [Server.Shutdown].
type Server struct {
	options Options
	guard   *guard
	watch   *watch
	machine string
	http    *http.Server
	streams chan struct{}   // one for each that is open
	ended   context.Context // has ended when streams are to
	end     context.CancelFunc
	started sync.Once
}

// New makes a page, and does nothing yet. Its error says which options do not go together.
func New(o Options) (*Server, error) {
	guard, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, guard: guard, watch: newWatch(o.Source), streams: make(chan struct{}, maxStreams)}
	s.machine, _ = os.Hostname()
	s.ended, s.end = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s.Handler(), TLSConfig: o.TLS, ConnContext: guard.connContext,
		MaxHeaderBytes: maxHeader, ReadTimeout: requestTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
	}
	return s, nil
}

// ErrExposed is matched by the error of a page that would be reached from other machines without a token and TLS.
var ErrExposed = errors.New("the page can be reached from other machines there")

// Listen listens on a TCP address such as "127.0.0.1:9615". Its error matches [ErrExposed] if that is not a loopback address, and there is
// no token or no certificate. The listener is the caller's until [Server.Serve] has it.
func (s *Server) Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if err := s.guard.mayListen(l.Addr()); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Serve answers the clients of a listener until [Server.Shutdown], after which its error is http.ErrServerClosed. It closes the listener.
// With a certificate it speaks TLS. From its first call on the applications are watched.
func (s *Server) Serve(l net.Listener) error {
	if err := s.guard.mayListen(l.Addr()); err != nil {
		l.Close()
		return err
	}
	s.started.Do(s.watch.start)
	l = netutil.LimitListener(l, maxConnections)
	if s.options.TLS != nil {
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// Shutdown ends streams, waits for requests under way until the context ends, and ends the watching of the applications. What a request
// has begun in an application goes on there.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end()
	err := s.http.Shutdown(ctx)
	if err != nil {
		s.http.Close()
	}
	s.started.Do(func() {}) // it is not started any more
	s.watch.close()
	return err
}

// Handler answers the requests of the page, after they have passed what keeps strangers out. Those that come by another way than
// [Server.Serve] need a token, since it is not known whose they are.
func (s *Server) Handler() http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", s.showApps)
	pages.HandleFunc("GET /stream", s.streamApps)
	pages.HandleFunc("GET /apps/{name}", s.showApp)
	pages.HandleFunc("GET /apps/{name}/stream", s.streamApp)
	pages.HandleFunc("GET /apps/{name}/history", s.showHistory)
	pages.HandleFunc("GET /apps/{name}/log", s.streamLog)
	pages.HandleFunc("GET /apps/{name}/{action}", s.confirm)
	pages.HandleFunc("POST /apps/{name}/{action}", s.change)
	pages.HandleFunc("POST /sign-out", s.signOut)
	if s.options.Metrics != nil {
		pages.Handle("GET /metrics", s.options.Metrics)
	}
	open := http.NewServeMux()
	open.Handle("GET /assets/", serveAssets())
	open.HandleFunc("GET /sign-in", s.showSignIn)
	open.HandleFunc("POST /sign-in", s.signIn)
	open.Handle("/", s.guard.signedIn(pages))
	return s.guard.protect(open)
}

// app finds an application among those that were seen last, or answers that there is none.
func (s *Server) app(w http.ResponseWriter, r *http.Request) (control.App, bool) {
	name := r.PathValue("name")
	app, ok := s.watch.app(r.Context(), name)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "There is no such application", fmt.Sprintf("No application is called %q.", name), "/", nil)
	}
	return app, ok
}
