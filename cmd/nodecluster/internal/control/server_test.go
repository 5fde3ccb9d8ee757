package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestClientAsksWhatTheServiceDoes(t *testing.T) {
	nodetest.NoLeaks(t)
	one := 1
	want := App{
		Name: "api", State: Online, Instances: 2, Usage: Usage{CPU: 1.5, Lag: &Lag{Last: 1}}, Workers: []Worker{{ID: 1, Pid: 7}},
		Config: json.RawMessage(`{"env":{"A":"b"}}`),
	}
	var done []string
	do := func(format string, args ...any) { done = append(done, fmt.Sprintf(format, args...)) }
	s := &testService{
		app: func() (App, error) { return want, nil },
		reload: func(_ context.Context, r Reload) (Result, error) {
			do("reload %d %v %s", *r.Instance, r.Wait, r.Config)
			return Result{Replaced: []int{1}, Took: 5}, nil
		},
		restart: func(context.Context) (Result, error) { return Result{Took: 6}, nil },
		scale: func(_ context.Context, r Scale) (Result, error) {
			do("scale %s", r.Instances)
			return Result{Instances: 4}, nil
		},
		signal: func(r Signal) error { do("signal %s %d", r.Signal, *r.Instance); return nil },
		drain:  func(context.Context) error { do("drain"); return nil },
		bare:   func(name string) error { do("%s", name); return nil },
	}
	r, ctx := newRig(t, s, ServerOptions{}), t.Context()
	got, err := r.App(ctx)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the application is %+v (%v), want %+v", got, err, want)
	}
	reloaded, reloadErr := r.Reload(ctx, Reload{Instance: &one, Wait: true, Config: json.RawMessage(`{"name":"x"}`)})
	restarted, restartErr := r.Restart(ctx)
	scaled, scaleErr := r.Scale(ctx, Scale{Instances: "+2"})
	if err := errors.Join(reloadErr, restartErr, scaleErr, r.Signal(ctx, Signal{Signal: "SIGUSR2", Instance: &one}), r.Drain(ctx, Drain{Wait: true}), r.Reset(ctx),
		r.ReopenLogs(ctx), r.FlushLogs(ctx), r.Live(ctx), r.Ready(ctx), r.Stop(ctx)); err != nil {
		t.Error(err)
	}
	if reloaded.Took != 5 || len(reloaded.Replaced) != 1 || restarted.Took != 6 || scaled.Instances != 4 {
		t.Errorf("results %+v, %+v and %+v", reloaded, restarted, scaled)
	}
	if got := strings.Join(done, ", "); got != `reload 1 true {"name":"x"}, scale +2, signal SIGUSR2 1, drain, reset, reopen-logs, flush-logs, stop` {
		t.Errorf("done: %s", got)
	}
	if metrics, err := r.Metrics(ctx); err != nil || string(metrics) != "nodecluster_app_up 1\n" {
		t.Errorf("metrics %q (%v)", metrics, err)
	}
}

func TestErrorsComeAsTheyAre(t *testing.T) {
	nodetest.NoLeaks(t)
	for code, status := range statuses {
		want := &Error{Code: code, Message: "why " + code, Output: []string{"line"}}
		r := newRig(t, &testService{bare: func(string) error { return fmt.Errorf("wrapped: %w", want) }}, ServerOptions{})
		if got := wantError(t, r.Stop(t.Context()), code); !reflect.DeepEqual(got, want) {
			t.Errorf("error %+v, want %+v", got, want)
		}
		if answer := r.post(t, "/v1/app/stop", ""); !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", status)) {
			t.Errorf("%s comes as %.40q, want status %d", code, answer, status)
		}
	}
	r := newRig(t, &testService{
		bare:  func(string) error { return errors.New("any") },
		ready: func() error { return errors.New("no worker is ready") },
	}, ServerOptions{})
	if told := wantError(t, r.Stop(t.Context()), CodeFailed); told.Message != "any" {
		t.Errorf("the error says %q", told.Message)
	}
	if told := wantError(t, r.Ready(t.Context()), CodeUnready); told.Message != "no worker is ready" {
		t.Errorf("the error says %q", told.Message)
	}
}

func (r *rig) post(t *testing.T, path, body string) string {
	t.Helper()
	return r.raw(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body))
}

func TestStrictBodies(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{}, ServerOptions{})
	for _, c := range []struct{ path, body, says string }{
		{"reload", `{"wiat":true}`, `\"wiat\"`},
		{"reload", `{"Wait":true}`, `\"Wait\"`},
		{"reload", `{"wait":1}`, `\"wait\"`},
		{"reload", `{"wait":true} {}`, "no JSON object"},
		{"reload", `[]`, "no JSON object"},
		{"reload", `null`, "no JSON object"},
		{"reload", `{`, "no JSON object"},
		{"reload", `{"parallel":1e99}`, `\"parallel\"`},
		{"scale", ``, `\"instances\" is missing`},
		{"scale", `{"instances":null}`, `\"instances\" is missing`},
		{"scale", `{"instances":4}`, `\"instances\"`},
		{"signal", `{"instance":1}`, `\"signal\" is missing`},
		{"stop", `{"now":true}`, `\"now\"`},
		{"drain", `{"now":true}`, `\"now\"`},
		{"reload", `{"strategy":"` + strings.Repeat("x", maxBodySize) + `"}`, "larger than 1048576 bytes"},
	} {
		answer := r.post(t, "/v1/app/"+c.path, c.body)
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || !strings.Contains(answer, c.says) || !strings.Contains(answer, `"code":"invalid"`) {
			t.Errorf("%s with %.100s gives %s, want %s", c.path, c.body, answer, c.says)
		}
	}
	for _, body := range []string{"", " \n", "{}", `{"wait":null}`, `{"instance":0,"config":{"unknown":1}}`} {
		if answer := r.post(t, "/v1/app/reload", body); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("%q gives %s", body, answer)
		}
	}
}

func TestContextEndsTheAsking(t *testing.T) {
	nodetest.NoLeaks(t)
	begun, ended := make(chan struct{}), make(chan struct{})
	r := newRig(t, &testService{drain: func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}}, ServerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if err := r.Drain(ctx, Drain{Wait: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-ended // as the waiting is for the client alone
}

func TestChangeGoesOnWithoutItsClient(t *testing.T) {
	nodetest.NoLeaks(t)
	begun, goOn, ended, request := make(chan struct{}), make(chan struct{}), make(chan error, 1), make(chan context.Context, 1)
	s := &testService{reload: func(ctx context.Context, _ Reload) (Result, error) {
		close(begun)
		<-goOn
		ended <- ctx.Err()
		return Result{}, nil
	}}
	r := newRig(t, s, ServerOptions{}, func(s *Server) {
		next := s.http.Handler
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			request <- r.Context()
			next.ServeHTTP(w, r)
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := r.Reload(ctx, Reload{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-(<-request).Done() // the server has seen that the client is gone
	close(goOn)
	if err := <-ended; err != nil {
		t.Errorf("the change was told %v", err)
	}
}

func TestShutdownEndsWhatGoesOn(t *testing.T) {
	nodetest.NoLeaks(t)
	begun := make(chan struct{})
	r := newRig(t, &testService{restart: func(ctx context.Context) (Result, error) {
		close(begun)
		<-ctx.Done()
		return Result{}, ctx.Err()
	}}, ServerOptions{})
	asked := make(chan error)
	go func() {
		_, err := r.Restart(t.Context())
		asked <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown gives %v", err)
	}
	if err := <-asked; err == nil {
		t.Error("the restart was done")
	}
}

func TestShutdownWaitsForAnswers(t *testing.T) {
	nodetest.NoLeaks(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	r := newRig(t, &testService{bare: func(string) error {
		close(begun)
		<-goOn
		return nil
	}}, ServerOptions{})
	asked, shut := make(chan error), make(chan error)
	go func() { asked <- r.Stop(t.Context()) }()
	<-begun
	go func() { shut <- r.server.Shutdown(t.Context()) }()
	<-r.server.closing
	close(goOn)
	if err := errors.Join(<-asked, <-shut); err != nil {
		t.Error(err)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	nodetest.NoLeaks(t)
	log := &logged{}
	r := newRig(t, &testService{
		app: func() (App, error) { panic("oh no") },
		metrics: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat("x", 10000))
			panic("halfway")
		},
	}, ServerOptions{Log: log.logger()})
	_, err := r.App(t.Context())
	if told := wantError(t, err, CodeInternal); !strings.Contains(told.Message, "oh no") {
		t.Errorf("the error says %q", told.Message)
	}
	if metrics, err := r.Metrics(t.Context()); !errors.Is(err, ErrGone) {
		t.Errorf("half of the metrics are %.10q (%v)", metrics, err)
	}
	for _, say := range []string{"oh no", "halfway", "GET /v1/app", "service_test.go"} {
		if !strings.Contains(log.String(), say) {
			t.Errorf("the log does not say %q: %s", say, log)
		}
	}
	if err := r.Reset(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAnswerThatIsNoJSON(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{app: func() (App, error) { return App{Config: json.RawMessage("{")}, nil }}, ServerOptions{})
	_, err := r.App(t.Context())
	wantError(t, err, CodeInternal)
}

func TestOnlyUnixSocketsAreTrusted(t *testing.T) {
	nodetest.NoLeaks(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(&testService{}, ServerOptions{})
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	c := NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
	_, err = c.App(t.Context())
	wantError(t, err, CodeForbidden)
	if err := errors.Join(s.Shutdown(t.Context()), <-served); err != nil {
		t.Error(err)
	}
}

// counts is a service whose state tells whether each call was done once.
type counts struct {
	testService
	mu                sync.Mutex
	instances, scaled int
}

func (c *counts) Scale(_ context.Context, s Scale) (Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var n int
	if _, err := fmt.Sscanf(s.Instances, "%d", &n); err != nil || n < 0 {
		return Result{}, &Error{Code: CodeInvalid, Message: s.Instances}
	}
	c.instances = n
	c.scaled++
	return Result{Instances: n}, nil
}

func (c *counts) App(context.Context) (App, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return App{Name: "api", Instances: c.instances, Restarts: c.scaled}, nil
}

func TestRandomCallsOfEightClients(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &counts{}, ServerOptions{})
	var scaled atomic.Int32
	var all sync.WaitGroup
	for seed := range uint64(8) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for range 60 {
				if err := randomCall(t.Context(), r, random, &scaled); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if app, err := r.App(t.Context()); err != nil || app.Restarts != int(scaled.Load()) {
		t.Errorf("scaled %d times (%v), want %d", app.Restarts, err, scaled.Load())
	}
}

func randomCall(ctx context.Context, r *rig, random *rand.Rand, scaled *atomic.Int32) error {
	switch random.IntN(8) {
	case 0:
		return r.Reset(ctx)
	case 1:
		n := random.IntN(10)
		result, err := r.Scale(ctx, Scale{Instances: fmt.Sprint(n)})
		if err == nil && result.Instances != n {
			err = fmt.Errorf("scaled to %d, want %d", result.Instances, n)
		}
		scaled.Add(1)
		return err
	case 2:
		if _, err := r.Scale(ctx, Scale{Instances: "x"}); err == nil {
			return errors.New("scaled to x")
		}
		return nil
	case 3:
		_, err := r.Metrics(ctx)
		return err
	case 4:
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r.Events(ctx)
		return nil
	case 5:
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		r.App(ctx)
		return nil
	case 6:
		_, err := r.ask(ctx, "POST", "/v1/app/reload", map[string]any{fmt.Sprint(random.Uint32()): 1})
		if told := (*Error)(nil); !errors.As(err, &told) {
			return fmt.Errorf("error %w, want one of the supervisor's", err)
		}
		return nil
	}
	_, err := r.App(ctx)
	return err
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("needs curl")
	}
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{ready: func() error { return errors.New("no worker is ready") }}, ServerOptions{})
	for _, c := range []struct{ args, want string }{
		{"/v1/app", `"name":"api"`},
		{"/v1/openapi.yaml", "openapi: 3.1.0"},
		{"/livez", "ok\n200"},
		{"/readyz", "no worker is ready"},
		{"-X POST /v1/app/reset", "{}\n200"},
		{`-d {"instances":"4"} /v1/app/scale`, `"took":0}` + "\n200"},
		{`-d {"instance":"4"} /v1/app/scale`, "400"},
		{"/", "404"},
	} {
		args := strings.Fields(c.args)
		path := args[len(args)-1]
		args = append([]string{"-sS", "--max-time", "60", "-w", "%{http_code}", "--unix-socket", r.path, "http://supervisor" + path}, args[:len(args)-1]...)
		out, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("curl %s prints %s (%v), want %s", c.args, out, err, c.want)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"wait":true}`, `{"instances":"+2"}`, `{"signal":"SIGUSR2","instance":1}`, `{"config":{"a":[1]}}`, `{"wait":null}`, `null`, ``, `{"Wait":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, body := range []any{new(Reload), new(Scale), new(Signal), &struct{}{}} {
			err := parseBody(content, body)
			if err != nil {
				if err.Code != CodeInvalid || err.Message == "" || strings.Contains(err.Message, "\n") {
					t.Fatalf("%q gives %+v", content, err)
				}
				continue
			}
			text, marshalErr := json.Marshal(body)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			again := reflect.New(reflect.TypeOf(body).Elem()).Interface()
			if err := parseBody(text, again); err != nil {
				t.Fatalf("%q is taken, and as %q it is not: %v", content, text, err)
			}
			if twice, _ := json.Marshal(again); !bytes.Equal(text, twice) {
				t.Fatalf("%q is %q and then %q", content, text, twice)
			}
		}
	})
}
