package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// outcome is what has come of a change, for the script.
type outcome struct {
	Message string   `json:"message"`
	Output  []string `json:"output,omitempty"`
}

// A changer does what a form asks for, and says what has come of it.
type changer func(ctx context.Context, c *control.Client, r *http.Request) (string, error)

// changers are what can be done to an application that runs, by the last part of the path.
var changers = map[string]changer{
	"reload": func(ctx context.Context, c *control.Client, r *http.Request) (string, error) {
		instance, err := instanceOf(r)
		if err != nil {
			return "", err
		}
		result, err := c.Reload(ctx, control.Reload{Instance: instance})
		return fmt.Sprintf("Reloaded %s in %s.", plural(len(result.Replaced), "worker"), took(result)), err
	},
	"restart": func(ctx context.Context, c *control.Client, _ *http.Request) (string, error) {
		result, err := c.Restart(ctx)
		return fmt.Sprintf("Restarted in %s.", took(result)), err
	},
	"scale": func(ctx context.Context, c *control.Client, r *http.Request) (string, error) {
		wanted := strings.TrimSpace(r.PostFormValue("instances"))
		if n, err := strconv.Atoi(wanted); err != nil || n < 1 {
			return "", invalid("%q is no number of workers", wanted)
		}
		result, err := c.Scale(ctx, control.Scale{Instances: wanted})
		return fmt.Sprintf("There are %s now.", plural(result.Instances, "worker")), err
	},
	"reset": func(ctx context.Context, c *control.Client, _ *http.Request) (string, error) {
		return "The counters are 0 again.", c.Reset(ctx)
	},
	"signal": func(ctx context.Context, c *control.Client, r *http.Request) (string, error) {
		instance, err := instanceOf(r)
		if err != nil {
			return "", err
		}
		signal := r.PostFormValue("signal")
		return signal + " is sent.", c.Signal(ctx, control.Signal{Signal: signal, Instance: instance})
	},
}

func invalid(format string, args ...any) error {
	return &control.Error{Code: control.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

// instanceOf is the instance that a form is about, nil if it is about all.
func instanceOf(r *http.Request) (*int, error) {
	text := r.FormValue("instance")
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return nil, invalid("%q is no instance", text)
	}
	return &n, nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func took(r control.Result) string { return fmt.Sprintf("%.1f s", float64(r.Took)/1000) }

// change does what a form asks for. The answer comes when it is done, which may take as long as the workers take.
func (s *Server) change(w http.ResponseWriter, r *http.Request) {
	app, ok := s.app(w, r)
	if !ok {
		return
	}
	action, back := r.PathValue("action"), pathOf(app.Name)
	do, ok := s.doing(action, app.Name)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "There is no such command", action, back, nil)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Time{})
	message, err := do(r)
	s.watch.refresh(context.WithoutCancel(r.Context()))
	switch {
	case err != nil:
		s.failChange(w, r, app.Name, action, err)
	case wantsJSON(r):
		writeJSON(w, http.StatusOK, outcome{Message: message})
	default:
		http.Redirect(w, r, back, http.StatusSeeOther)
	}
}

// doing is what does an action to an application.
func (s *Server) doing(action, name string) (func(*http.Request) (string, error), bool) {
	switch {
	case action == "start" && s.options.Start != nil:
		return toEnd(s.options.Start, name, "Started."), true
	case action == "stop" && s.options.Stop != nil:
		return toEnd(s.options.Stop, name, "Stopped."), true
	}
	do, ok := changers[action]
	return func(r *http.Request) (string, error) {
		client, err := s.options.Source.Client(name)
		if err != nil {
			return "", err
		}
		return do(r.Context(), client, r)
	}, ok
}

// toEnd does something to an application, which goes on if the client goes meanwhile.
func toEnd(do func(context.Context, string) error, name, done string) func(*http.Request) (string, error) {
	return func(r *http.Request) (string, error) { return done, do(context.WithoutCancel(r.Context()), name) }
}

// statuses are those of HTTP for the codes of errors.
var statuses = map[string]int{
	control.CodeInvalid: http.StatusBadRequest, control.CodeForbidden: http.StatusForbidden, control.CodeUnknown: http.StatusNotFound,
	control.CodeBusy: http.StatusConflict, control.CodeFailed: http.StatusUnprocessableEntity, control.CodeStopping: http.StatusServiceUnavailable,
}

func (s *Server) failChange(w http.ResponseWriter, r *http.Request, name, action string, err error) {
	status, output := http.StatusBadGateway, []string(nil)
	if failed := (*control.Error)(nil); errors.As(err, &failed) {
		output = failed.Output
		if known, ok := statuses[failed.Code]; ok {
			status = known
		}
	}
	s.fail(w, r, status, fmt.Sprintf("The %s of %s has failed", action, name), err.Error(), pathOf(name), output)
}

func wantsJSON(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
