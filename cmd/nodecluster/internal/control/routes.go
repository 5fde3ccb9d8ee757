package control

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

//go:embed openapi.yaml
var openapi []byte

// A route is something that can be asked for.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

func (s *Server) table() []route {
	return []route{
		{"GET", "/v1/app", s.app},
		{"GET", "/v1/events", s.events},
		{"GET", "/v1/openapi.yaml", describe},
		{"GET", "/metrics", s.metrics},
		{"GET", "/livez", probe(s.service.Live)},
		{"GET", "/readyz", probe(s.service.Ready)},
		{"POST", "/v1/app/reload", change(s, s.service.Reload)},
		{"POST", "/v1/app/restart", change(s, func(ctx context.Context, _ struct{}) (Result, error) { return s.service.Restart(ctx) })},
		{"POST", "/v1/app/scale", change(s, s.service.Scale)},
		{"POST", "/v1/app/stop", change(s, bare(s.service.Stop))},
		{"POST", "/v1/app/drain", s.drain},
		{"POST", "/v1/app/signal", change(s, func(ctx context.Context, b Signal) (struct{}, error) { return struct{}{}, s.service.Signal(ctx, b) })},
		{"POST", "/v1/app/reset", change(s, bare(s.service.Reset))},
		{"POST", "/v1/app/reopen-logs", change(s, bare(s.service.ReopenLogs))},
		{"POST", "/v1/app/flush-logs", change(s, bare(s.service.FlushLogs))},
	}
}

// bare is a command that takes nothing and gives nothing.
func bare(do func(context.Context) error) func(context.Context, struct{}) (struct{}, error) {
	return func(ctx context.Context, _ struct{}) (struct{}, error) { return struct{}{}, do(ctx) }
}

func (s *Server) routes() http.Handler {
	mux, methods := http.NewServeMux(), map[string]string{}
	for _, r := range s.table() {
		mux.HandleFunc(r.method+" "+r.path, r.handler)
		methods[r.path] = r.method
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeError(w, unknown(r, methods[r.URL.Path])) })
	return mux
}

// unknown says of what the server does not know which versions do not understand each other. The method is the one that there is, if any.
func unknown(r *http.Request, method string) *Error {
	if method != "" {
		return errorf(CodeUnknown, "there is no %s %s, but %s", r.Method, r.URL.Path, method)
	}
	client := versionOf(r.UserAgent())
	if client == "" {
		return errorf(CodeUnknown, "there is no %s %s in nodecluster %s, which runs this application", r.Method, r.URL.Path, Version())
	}
	return errorf(CodeUnknown, "nodecluster %s, which runs this application, does not know %s %s, which nodecluster %s asks for: restart the application to have it run by that version",
		Version(), r.Method, r.URL.Path, client)
}

func (s *Server) app(w http.ResponseWriter, r *http.Request) {
	app, err := s.service.App(r.Context())
	if err != nil {
		answerError(w, asError(err))
		return
	}
	if readsOnly(r.Context()) {
		app.Config = withoutEnvironment(app.Config)
	}
	answer(w, app)
}

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	hurry(w)
	s.service.Metrics().ServeHTTP(w, r)
}

func describe(w http.ResponseWriter, _ *http.Request) {
	hurry(w)
	w.Header().Set("Content-Type", "application/yaml")
	w.Write(openapi)
}

func probe(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := ask(); err != nil {
			answerError(w, errorf(CodeUnready, "%v", err))
			return
		}
		hurry(w)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintln(w, "ok")
	}
}

// change does what goes on when the client hangs up.
func change[Body, Answer any](s *Server, do func(context.Context, Body) (Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body Body
		if err := readBody(w, r, &body); err != nil {
			answerError(w, err)
			return
		}
		result, err := do(s.life, body)
		if err != nil {
			answerError(w, asError(err))
			return
		}
		answer(w, result)
	}
}

// drain waits no longer than its client.
func (s *Server) drain(w http.ResponseWriter, r *http.Request) {
	if err := readBody(w, r, &struct{}{}); err != nil {
		answerError(w, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	if err := s.service.Drain(ctx); err != nil {
		answerError(w, asError(err))
		return
	}
	answer(w, struct{}{})
}

func answer(w http.ResponseWriter, value any) {
	hurry(w)
	writeJSON(w, http.StatusOK, value)
}

func answerError(w http.ResponseWriter, err *Error) {
	hurry(w)
	writeError(w, err)
}

// hurry gives the client so much time to take the answer.
func hurry(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxAnswerTime)) // or there is no such thing, in a test
}

// named has each answer say which version it is from.
func (s *Server) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", product+Version())
		next.ServeHTTP(w, r)
	})
}

// rescued has a fault in the supervisor be an answer and a line of the log, and not its end.
func (s *Server) rescued(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			s.log.Error("a request failed", "request", r.Method+" "+r.URL.Path, "error", fmt.Sprint(fault), "stack", strings.TrimSpace(string(debug.Stack())))
			answerError(w, errorf(CodeInternal, "the supervisor has a fault, which its log tells of: %v", fault))
		}()
		next.ServeHTTP(w, r)
	})
}
