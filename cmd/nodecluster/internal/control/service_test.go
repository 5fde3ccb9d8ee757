package control

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A testService does what a test says, and nothing where it says nothing.
type testService struct {
	app     func() (App, error)
	events  func(context.Context) iter.Seq[Event]
	reload  func(context.Context, Reload) (Result, error)
	restart func(context.Context) (Result, error)
	scale   func(context.Context, Scale) (Result, error)
	signal  func(Signal) error
	trigger func(Trigger) (Triggered, error)
	data    func(Data) (Sent, error)
	drain   func(context.Context) error
	bare    func(name string) error // stop, reset, reopen-logs and flush-logs
	metrics http.HandlerFunc
	live    func() error
	ready   func() error
}

func (s *testService) App(context.Context) (App, error) {
	if s.app == nil {
		return App{Name: "api", State: Online}, nil
	}
	return s.app()
}

func (s *testService) Events(ctx context.Context) iter.Seq[Event] {
	if s.events == nil {
		return func(func(Event) bool) { <-ctx.Done() }
	}
	return s.events(ctx)
}

func (s *testService) Messages(ctx context.Context) iter.Seq[Event] { return s.Events(ctx) }

func (s *testService) SendData(_ context.Context, d Data) (Sent, error) {
	if s.data == nil {
		return Sent{}, nil
	}
	return s.data(d)
}

func (s *testService) Reload(ctx context.Context, r Reload) (Result, error) {
	if s.reload == nil {
		return Result{}, nil
	}
	return s.reload(ctx, r)
}

func (s *testService) Restart(ctx context.Context) (Result, error) {
	if s.restart == nil {
		return Result{}, nil
	}
	return s.restart(ctx)
}

func (s *testService) Scale(ctx context.Context, r Scale) (Result, error) {
	if s.scale == nil {
		return Result{}, nil
	}
	return s.scale(ctx, r)
}

func (s *testService) Signal(_ context.Context, r Signal) error {
	if s.signal == nil {
		return nil
	}
	return s.signal(r)
}

func (s *testService) Trigger(_ context.Context, r Trigger) (Triggered, error) {
	if s.trigger == nil {
		return Triggered{}, nil
	}
	return s.trigger(r)
}

func (s *testService) Drain(ctx context.Context, _ Drain) error {
	if s.drain == nil {
		return nil
	}
	return s.drain(ctx)
}

func (s *testService) Stop(context.Context) error       { return s.doBare("stop") }
func (s *testService) Reset(context.Context) error      { return s.doBare("reset") }
func (s *testService) ReopenLogs(context.Context) error { return s.doBare("reopen-logs") }
func (s *testService) FlushLogs(context.Context) error  { return s.doBare("flush-logs") }

func (s *testService) doBare(name string) error {
	if s.bare == nil {
		return nil
	}
	return s.bare(name)
}

func (s *testService) Metrics() http.Handler {
	if s.metrics == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "nodecluster_app_up 1\n") })
	}
	return s.metrics
}

func (s *testService) AppMetrics() http.Handler { return s.Metrics() }

func (s *testService) Live() error  { return doProbe(s.live) }
func (s *testService) Ready() error { return doProbe(s.ready) }

func doProbe(probe func() error) error {
	if probe == nil {
		return nil
	}
	return probe()
}

// A rig is a server on a Unix socket, and a client of it.
type rig struct {
	*Client
	server *Server
	path   string
}

// newRig serves until the test ends.
func newRig(t *testing.T, service Service, options ServerOptions, change ...func(*Server)) *rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{NewClient(dialer(path)), NewServer(service, options), path}
	for _, c := range change {
		c(r.server)
	}
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), nodetest.Patience)
		defer cancel()
		if err := errors.Join(r.server.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return r
}

func dialer(path string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", path) }
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text []byte
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// wantError is that an error is one of the supervisor's.
func wantError(t *testing.T, err error, code string) *Error {
	t.Helper()
	told := (*Error)(nil)
	if !errors.As(err, &told) {
		t.Fatalf("error %v, want one of code %s", err, code)
	}
	if told.Code != code {
		t.Errorf("error %q of code %s, want %s", told.Message, told.Code, code)
	}
	return told
}

// raw sends bytes and gives all that comes back until the server hangs up.
func (r *rig) raw(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("unix", r.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(nodetest.Patience))
	sent := make(chan struct{})
	go func() { // the server may answer before it has read all
		defer close(sent)
		io.WriteString(conn, text)
	}()
	answer, _ := io.ReadAll(conn)
	conn.Close()
	<-sent
	return string(answer)
}
