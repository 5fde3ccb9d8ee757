package control

import (
	"context"
	"net/http"
	"reflect"
)

// command is a route that does something. The context of what it does is made by life.
func command[Body, Answer any](name string, life func(*http.Request) (context.Context, context.CancelFunc),
	do func(context.Context, Body) (Answer, error)) route {
	handler := func(w http.ResponseWriter, r *http.Request) {
		var body Body
		if err := readBody(w, r, &body); err != nil {
			answerError(w, err)
			return
		}
		ctx, cancel := life(r)
		defer cancel()
		result, err := do(ctx, body)
		if err != nil {
			answerError(w, asError(err))
			return
		}
		answer(w, result)
	}
	return route{"POST", "/v1/app/" + name, handler, reflect.TypeFor[Body](), reflect.TypeFor[Answer]()}
}

// bare is a command that takes nothing and gives nothing.
func bare(do func(context.Context) error) func(context.Context, struct{}) (struct{}, error) {
	return func(ctx context.Context, _ struct{}) (struct{}, error) { return struct{}{}, do(ctx) }
}

// change is the life of what goes on when the client hangs up.
func (s *Server) change(*http.Request) (context.Context, context.CancelFunc) {
	return context.WithCancel(s.life)
}

// wait is the life of what its client alone needs.
func (s *Server) wait(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}
