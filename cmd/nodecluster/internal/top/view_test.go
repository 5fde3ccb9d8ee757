package top

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 28, 14, 3, 0, 0, time.UTC)

// still is a source in which nothing happens.
type still struct{ apps []control.App }

func (s still) Apps(context.Context) ([]control.App, error) { return s.apps, nil }

func (s still) Client(name string) (*control.Client, error) {
	return nil, fmt.Errorf("%s does not run", name)
}

func (s still) Start(_ context.Context, name string) error {
	return fmt.Errorf("%s cannot be started", name)
}

func (s still) Stop(_ context.Context, name string) error {
	return fmt.Errorf("%s cannot be stopped", name)
}

func (s still) Logs(context.Context, string, int, int) iter.Seq2[Line, error] {
	return func(func(Line, error) bool) {}
}

// screen is a model whose screen is read, and whose keys are pressed.
type screen struct {
	t     *testing.T
	model *model
	sent  chan tea.Msg
}

func newScreen(t *testing.T, apps []control.App, width, height int) *screen {
	t.Helper()
	local := time.Local
	time.Local = time.UTC
	ctx, cancel := context.WithCancel(context.Background())
	var owned sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		owned.Wait()
		time.Local = local
	})
	sent := make(chan tea.Msg, 100)
	s := &session{ctx: ctx, source: still{apps}, owned: &owned, refresh: make(chan struct{}, 1), send: func(m tea.Msg) { sent <- m }}
	screen := &screen{t, newModel(s, "", false), sent}
	screen.tell(tea.WindowSizeMsg{Width: width, Height: height})
	screen.tell(appsMsg{apps: apps, now: now})
	return screen
}

func (s *screen) tell(m tea.Msg) { s.model.Update(m) }

func (s *screen) press(keys ...string) {
	for _, key := range keys {
		s.model.press(key, key)
	}
}

// text is what the screen shows. Each line has to fit.
func (s *screen) text() string {
	s.t.Helper()
	lines := strings.Split(ansi.Strip(s.model.View().Content), "\n")
	if len(lines) != s.model.height {
		s.t.Errorf("%d lines on a screen of %d", len(lines), s.model.height)
	}
	for i, line := range lines {
		if n := ansi.StringWidth(line); n > s.model.width {
			s.t.Errorf("%d cells on a screen of %d: %q", n, s.model.width, line)
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func (s *screen) expectGolden(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", name)
	got := s.text()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func (s *screen) expect(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if got := s.text(); !strings.Contains(got, text) {
			s.t.Errorf("the screen does not show %q:\n%s", text, got)
		}
	}
}

func (s *screen) expectNot(text string) {
	s.t.Helper()
	if got := s.text(); strings.Contains(got, text) {
		s.t.Errorf("the screen shows %q:\n%s", text, got)
	}
}

// write has the log of what is selected say lines.
func (s *screen) write(from, to int) {
	var lines []Line
	for i := from; i < to; i++ {
		lines = append(lines, Line{Time: now, Instance: i % 2, Text: fmt.Sprintf("line %d", i), Stderr: i%7 == 0})
	}
	s.tell(linesMsg{target: s.model.output.target, lines: lines})
}

// application is one with a number of workers, all well.
func application(name string, workers int, cpu float64) control.App {
	a := control.App{
		Name: name, Namespace: "default", State: control.Online, Since: now.Add(-2 * time.Hour), Supervisor: &control.Supervisor{Pid: 400, Version: "0.1.0"},
		Instances: workers, Ready: workers, Usage: control.Usage{CPU: cpu, Memory: int64(workers) * 81 << 20, Lag: &control.Lag{P99: 3.1}, Connections: 64 * workers},
		Config: json.RawMessage(`{}`),
	}
	for i := range workers {
		a.Workers = append(a.Workers, control.Worker{
			Instance: i, ID: i + 1, Pid: 500 + i, State: control.WorkerOnline, StartedAt: now.Add(-time.Hour),
			Usage: control.Usage{CPU: cpu / float64(workers), Memory: 81 << 20, Lag: &control.Lag{P99: 3.1}, Connections: 64},
		})
	}
	return a
}

func someApps() []control.App {
	web := application("web", 2, 4)
	web.State, web.Ready, web.Restarts, web.Reason = control.CrashLoop, 1, 7, "exit code 1: Error: no database"
	web.Workers[1] = control.Worker{Instance: 1, State: control.WorkerWaiting, RetryAt: now.Add(12 * time.Second), Restarts: 7, Reason: web.Reason}
	old := control.App{Name: "old", Namespace: "default", State: control.Stopped, Since: now.Add(-80 * time.Hour), Instances: 1}
	return []control.App{application("api", 4, 63), application("jobs", 1, 90), web, old}
}

func TestScreens(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.write(0, 50)
	s.expectGolden("80x24.txt")
	s.press("down", "down", "down")
	s.tell(linesMsg{target: s.model.output.target, err: errors.New("no log yet")})
	s.expectGolden("80x24-web.txt")
	s.press("?")
	s.expectGolden("80x24-help.txt")
	big := newScreen(t, someApps(), 200, 50)
	big.write(0, 50)
	big.expectGolden("200x50.txt")
	many := someApps()
	for i := range 40 {
		many = append(many, application(fmt.Sprintf("shop-%02d", i), 30, 1))
	}
	crowd := newScreen(t, many, 80, 24)
	crowd.write(0, 50)
	crowd.press("end")
	crowd.expectGolden("80x24-many.txt")
	newScreen(t, nil, 80, 24).expectGolden("80x24-none.txt")
}

// Any size has to do: a terminal may be as small as its user likes.
func TestSizes(t *testing.T) {
	for _, zoomed := range []bool{false, true} {
		s := newScreen(t, someApps(), 80, 24)
		s.write(0, 50)
		s.model.zoomed = zoomed
		for height := 2; height < 40; height++ {
			for _, width := range []int{1, 5, 20, 79, 300} {
				s.tell(tea.WindowSizeMsg{Width: width, Height: height})
				s.text()
			}
		}
	}
}
