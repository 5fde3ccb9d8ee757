package top

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

func (s *screen) expectSelected(app string) {
	s.t.Helper()
	s.expect("> " + app + " ")
}

// awaitResult is what came of a change, which the source fails.
func (s *screen) awaitResult() resultMsg {
	for {
		if r, ok := (<-s.sent).(resultMsg); ok {
			return r
		}
	}
}

func TestMove(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.expectSelected("api")
	s.press("down", "j")
	s.expectSelected("old")
	s.press("up")
	s.expectSelected("jobs")
	s.expect("log of jobs ─")
	s.press("end")
	s.expectSelected("web")
	s.press("home", "up")
	s.expectSelected("api")
	s.press("pgdown")
	s.expectSelected("web")
}

// What is selected stays selected when others come and go, and the one at its place is when it goes itself.
func TestSelectionStays(t *testing.T) {
	apps := someApps()
	s := newScreen(t, apps, 80, 24)
	s.press("down")
	s.expectSelected("jobs")
	s.tell(appsMsg{apps: append([]control.App{application("a", 1, 1)}, apps...), now: now})
	s.expectSelected("jobs")
	s.tell(appsMsg{apps: append(apps[:1:1], apps[2:]...), now: now})
	s.expectSelected("web")
	s.tell(appsMsg{err: errors.New("no \x1b[2Jfolder"), now: now})
	s.expect("api ", `the applications could not be read: no \x1b[2Jfolder`)
	s.tell(appsMsg{now: now})
	s.expect("no applications: nodecluster start SCRIPT starts one")
	s.press("r", "+", "R", "s", "S", "tab", "down", "tab", "down")
	s.expect("no applications")
}

func TestSort(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.press("o")
	s.expect(" by cpu", "sorted by cpu")
	if text := s.text(); strings.Index(text, "jobs") > strings.Index(text, "api") {
		t.Errorf("jobs has more of the processor, and is not first:\n%s", text)
	}
	for range orders[1:] {
		s.press("o")
	}
	s.expect("nodecluster  4")
}

func TestFilter(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.press("/", "w", "e")
	s.expect("filter: we")
	s.expectSelected("web")
	s.expectNot("jobs")
	s.press("x")
	s.expect(`no application is "wex"`)
	s.press("backspace")
	s.expectSelected("web")
	s.press("enter")
	s.expect(`only "we"`)
	s.press("esc")
	s.expect("jobs")
	s.press("/", "ö", "esc")
	s.expect("jobs")
	s.press("/")
	s.tell(tea.PasteMsg{Content: "api"})
	s.expectSelected("api")
	s.expectNot("jobs")
}

// In the pane of the workers the log and the reload are of one of them.
func TestWorkersPane(t *testing.T) {
	apps := someApps()
	leaving := apps[0].Workers[1]
	leaving.State = control.WorkerDraining
	apps[0].Workers = append(apps[0].Workers[:2:2], append([]control.Worker{leaving}, apps[0].Workers[2:]...)...)
	s := newScreen(t, apps, 80, 24)
	s.press("tab")
	s.expect("log of api ─")
	s.press("tab")
	s.expect("> api/0 ", "log of api/0 ─")
	s.press("down", "down")
	s.expect("> api/2 ", "log of api/2 ─")
	s.press("shift+tab")
	s.expect("log of api/2 ─")
	s.press("tab", "end")
	s.expect("> api/3 ")
	apps[0].Workers = apps[0].Workers[:1]
	s.tell(appsMsg{apps: apps, now: now})
	s.expect("> api/0 ", "log of api/0 ─")
	s.press("esc")
	s.expect("log of api ─")
}

func TestLog(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.write(0, 100)
	s.expect("line 99")
	s.press("tab", "up", "up", "up")
	s.expectNot("line 97")
	s.expect("line 96", "3 lines further")
	s.write(100, 110)
	s.expect("line 96", "13 lines further")
	s.expectNot("line 97")
	s.press("end")
	s.expect("line 109")
	s.press("home")
	s.expect("0  line 0\n")
	s.press("l")
	s.expect("0  line 0\n", "line 19")
	s.expectNot("crash loop")
	s.press("l", "/", "9", "9", "enter")
	s.expect(`only "99"`, "line 99")
	s.expectNot("line 98")
	s.press("esc", "right")
	s.expectNot("line 109")
	s.press("left")
	s.expect("line 109")
	s.write(110, 110+3*maxLines)
	if n := len(s.model.output.lines); n > 2*maxLines {
		t.Errorf("%d lines are kept", n)
	}
	s.expect("line 6109")
}

// Lines that were read for what was selected before are not shown.
func TestLateLines(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	late := s.model.output.target
	s.press("down", "up")
	s.tell(linesMsg{target: late, lines: []Line{{Text: "late"}}})
	s.expectNot("late")
}

// What programs print does nothing to the terminal.
func TestStrangeLines(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.tell(linesMsg{target: s.model.output.target, lines: []Line{
		{Text: "\x1b[31mred\x1b[0m\ttab"}, {Text: "a\x1b]0;title\x07b"}, {Text: "\rover\x00\u202e"}, {Text: strings.Repeat("会", 100)},
	}})
	s.expect("red    tab", "0  ab", `\rover\x00\u202e`, "会…")
}

func TestQuestions(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.press("s")
	s.expect("Stop api? y/n")
	s.press("n")
	s.expect("nothing was done")
	s.press("R")
	s.expect("Restart api? It serves nobody meanwhile. y/n")
	s.press("q")
	s.expect("nothing was done")
	s.press("s", "y")
	s.expect("api: stop …")
	s.tell(s.awaitResult())
	s.expect("api: stop failed: api cannot be stopped")
}

func TestStart(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.press("S")
	s.expect("api is online: R restarts it")
	s.press("down", "down", "r")
	s.expect("old is stopped: S starts it")
	s.press("S")
	s.expect("old: start …")
	s.tell(s.awaitResult())
	s.expect("old: start failed: old cannot be started")
}

func TestResults(t *testing.T) {
	s := newScreen(t, someApps(), 80, 24)
	s.tell(resultMsg{what: "api: reload", result: control.Result{Replaced: []int{0, 1}, Took: 1300}})
	s.expect("api: reload done in 1s, 2 replaced")
	s.tell(resultMsg{what: "api: reload", err: &control.Error{Code: control.CodeFailed, Message: "worker 0 exited", Output: []string{"x", "Error: \x1b[1mbad"}}})
	s.expect(`api: reload failed: worker 0 exited: Error: \x1b[1mbad`)
}

// A batch keeps no more than is shown, however fast lines come.
func TestFlood(t *testing.T) {
	b := &batch{ready: make(chan struct{}, 1)}
	for range 10 * maxLines {
		b.add(Line{}, nil)
	}
	if lines, _ := b.take(); len(lines) > 2*maxLines {
		t.Errorf("%d lines wait", len(lines))
	}
}

func TestWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	sent := make(chan tea.Msg)
	s := &session{ctx: ctx, source: still{someApps()}, refresh: make(chan struct{}, 1), send: func(m tea.Msg) { sent <- m }}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.watch()
	}()
	if m := (<-sent).(appsMsg); len(m.apps) != 4 || time.Since(m.now) > time.Minute {
		t.Errorf("watch sent %v", m)
	}
	s.refresh <- struct{}{}
	<-sent
	cancel()
	for {
		select {
		case <-sent:
		case <-ended:
			return
		}
	}
}
