package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// maxMoments is how much is kept of what has happened to an application.
const maxMoments = 300

// moment is something that has happened to an application.
type moment struct {
	number int
	at     time.Time
	name   string // such as "reload"
	tone   string // "", "good", "warn" or "bad"
	text   string
}

// timeline is what has happened to an application since it has been watched, the newest last.
type timeline struct {
	since   time.Time
	moments []moment
	next    int
	last    control.App
	seen    time.Time // when last was
}

// add adds a moment among the others by its time.
func (t *timeline) add(m moment) {
	m.number = t.next
	t.next++
	i := len(t.moments)
	for i > 0 && t.moments[i-1].at.After(m.at) {
		i--
	}
	t.moments = slices.Insert(t.moments, i, m)
	if len(t.moments) > maxMoments {
		t.moments = slices.Delete(t.moments, 0, len(t.moments)-maxMoments)
	}
}

// The events of a worker's ordinary life, which come with each change and say nothing further.
var ordinary = map[string]bool{
	"fork": true, "online": true, "listening": true, "listenPending": true, "disconnect": true, "message": true,
}

// hear adds an event, if it is one that changes something or goes wrong.
func (t *timeline) hear(e control.Event) {
	if ordinary[e.Name] || e.Name == "exit" && e.Level == "INFO" || e.Level == "DEBUG" {
		return
	}
	text := e.Text
	if text == "" {
		text = e.Name
	}
	t.add(moment{at: e.Time, name: words(e.Name), tone: toneOfEvent(e), text: strings.TrimPrefix(text, "nodecluster: ")})
}

func toneOfEvent(e control.Event) string {
	switch {
	case e.Level == "ERROR":
		return "bad"
	case e.Level == "WARN":
		return "warn"
	case strings.HasSuffix(e.Name, "ed"): // reloaded, replaced, scaled
		return "good"
	}
	return ""
}

// words is a name such as "lameDuck" in words.
func words(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// see adds what has become of an application that no event tells of.
func (t *timeline) see(app control.App, now time.Time) {
	before, seen, isFirst := t.last, t.seen, t.since.IsZero()
	t.last, t.seen = app, now
	if isFirst {
		t.since = now
		t.begin(app)
		return
	}
	if app.Supervisor != nil && (before.Supervisor == nil || !before.Supervisor.StartedAt.Equal(app.Supervisor.StartedAt)) {
		t.add(startOf(app.Supervisor))
	}
	if before.Version != app.Version && before.Version != "" && app.Version != "" {
		t.add(moment{at: now, name: "release", tone: "good", text: fmt.Sprintf("version %s in place of %s", app.Version, before.Version)})
	}
	if before.State != app.State && (app.State == control.Stopped || app.State == control.Errored || app.State == control.CrashLoop) {
		m := stateOf(app)
		if m.at.Before(seen) { // as of a supervisor that has died: nothing has recorded when
			m.at = now
		}
		t.add(m)
	}
}

// begin adds what is known of an application's past.
func (t *timeline) begin(app control.App) {
	if app.Supervisor != nil {
		t.add(startOf(app.Supervisor))
	}
	if c := app.Change; c != nil && !c.Ended.IsZero() {
		t.add(moment{at: c.Ended, name: c.Kind, tone: changeTone(c), text: changeText(c)})
	}
	if app.Supervisor == nil || app.State == control.CrashLoop {
		t.add(stateOf(app))
	}
}

func startOf(s *control.Supervisor) moment {
	return moment{at: s.StartedAt, name: "start", tone: "good", text: "the application was started, by process " + strconv.Itoa(s.Pid)}
}

func stateOf(app control.App) moment {
	text := app.Reason
	if text == "" {
		text = "its state is " + stateNames[app.State]
	}
	return moment{at: app.Since, name: stateNames[app.State], tone: tones[string(app.State)], text: text}
}
