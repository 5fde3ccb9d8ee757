package control

import (
	"context"
	_ "embed"
	"net/http"
	"reflect"
)

//go:embed openapi.yaml
var openapi []byte

// A route is something that can be asked for.
type route struct {
	method, path string
	handler      http.HandlerFunc
	takes, gives reflect.Type // of JSON, nil for nothing or other text
}

func (s *Server) table() []route {
	return []route{
		{"GET", "/v1/app", s.app, nil, reflect.TypeFor[App]()},
		{"GET", "/v1/events", s.stream(s.service.Events), nil, nil},
		{"GET", "/v1/messages", s.private(s.stream(s.service.Messages)), nil, nil},
		{"GET", "/v1/openapi.yaml", describe, nil, nil},
		{"GET", "/v1/app/metrics", s.appMetrics, nil, nil},
		{"GET", "/metrics", s.metrics, nil, nil},
		{"GET", "/livez", probe(s.service.Live), nil, nil},
		{"GET", "/readyz", probe(s.service.Ready), nil, nil},
		command("reload", s.change, s.service.Reload),
		command("restart", s.change, func(ctx context.Context, _ struct{}) (Result, error) { return s.service.Restart(ctx) }),
		command("scale", s.change, s.service.Scale),
		command("stop", s.change, bare(s.service.Stop)),
		command("drain", s.wait, func(ctx context.Context, b Drain) (struct{}, error) { return struct{}{}, s.service.Drain(ctx, b) }),
		command("signal", s.change, func(ctx context.Context, b Signal) (struct{}, error) { return struct{}{}, s.service.Signal(ctx, b) }),
		command("trigger", s.wait, s.service.Trigger),
		command("send-data", s.change, s.service.SendData),
		command("reset", s.change, bare(s.service.Reset)),
		command("reopen-logs", s.change, bare(s.service.ReopenLogs)),
		command("flush-logs", s.change, bare(s.service.FlushLogs)),
	}
}

func (s *Server) routes() http.Handler {
	mux, methods := http.NewServeMux(), map[string]string{}
	for _, r := range s.table() {
		mux.HandleFunc(r.method+" "+r.path, r.handler)
		methods[r.path] = r.method
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { answerError(w, unknown(r, methods[r.URL.Path])) })
	return mux
}

// unknown says of what the server does not know which versions do not understand each other. The method is the one that there is, if any.
func unknown(r *http.Request, method string) *Error {
	if method != "" {
		return errorf(CodeUnknown, "there is no %s %s: it is %s", r.Method, r.URL.Path, method)
	}
	client := versionOf(r.UserAgent())
	if client == "" {
		return errorf(CodeUnknown, "there is no %s %s in nodecluster %s, which runs this application: /v1/openapi.yaml says what there is",
			r.Method, r.URL.Path, Version())
	}
	return errorf(CodeUnknown, "nodecluster %s, which runs this application, does not know %s %s, which nodecluster %s asks for: stop and start the application to have that version run it",
		Version(), r.Method, r.URL.Path, client)
}
