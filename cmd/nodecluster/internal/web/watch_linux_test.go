package web

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

func TestSettings(t *testing.T) {
	got := settingsOf(newRecorded().apps[0].Config)
	want := []setting{
		{name: "args", value: "--port=1\n--api-token=" + mask}, {name: "bake", value: "1s"}, {name: "env: SECRET", isMasked: true},
		{name: "script", value: "app.js"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(setting{})); diff != "" {
		t.Error(diff)
	}
	for config, want := range map[string]string{
		`{"args":["--db","postgres://me:secret@db/x"]}`: "--db\npostgres://me:" + mask + "@db/x",
		`{"args":["PASSWORD=secret"]}`:                  "PASSWORD=" + mask,
		`{"args":["--keyboard","on"]}`:                  "--keyboard\non",
	} {
		if got := settingsOf(json.RawMessage(config)); len(got) != 1 || got[0].value != want {
			t.Errorf("of %s it is %v", config, got)
		}
	}
}

func TestHistory(t *testing.T) {
	h, start := newHistory(), time.UnixMilli(1e12)
	worker := func(id int, accepted uint64, cpu float64) control.Worker {
		return control.Worker{Instance: 0, ID: id, Pid: 1, Usage: control.Usage{Accepted: accepted, CPU: cpu}}
	}
	h.add(start, []control.Worker{worker(1, 100, 5)})
	h.add(start.Add(2*time.Second), []control.Worker{worker(1, 150, 6), {Instance: 1, ID: 2, Pid: 2}})
	h.add(start.Add(4*time.Second), []control.Worker{worker(3, 7, 7)}) // a successor, and a worker that is gone
	text, err := json.Marshal(h.recording())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"size":450,"times":[1000000000,1000000002,1000000004],"instances":[0,1],"series":{` +
		`"connections":[[null,25,null],[null,null,null]],"cpu":[[5,6,7],[null,0,null]],"lag":[[null,null,null],[null,null,null]],` +
		`"memory":[[0,0,0],[null,0,null]]}}`
	if string(text) != want {
		t.Errorf("it is\n%s, want\n%s", text, want)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h, start := newHistory(), time.UnixMilli(1e12)
	for i := range 2 * historySize {
		workers := []control.Worker{{Instance: 0, ID: 1, Pid: 1, Usage: control.Usage{CPU: float64(i)}}, {Instance: maxLines, ID: 2, Pid: 2}}
		if i < 10 {
			workers = append(workers, control.Worker{Instance: 5, ID: 3, Pid: 3})
		}
		h.add(start.Add(time.Duration(i)*samplePeriod), workers)
	}
	r := h.recording()
	if len(r.Times) != historySize || len(r.Instances) != 1 || len(r.Series["cpu"][0]) != historySize {
		t.Errorf("there are %d times, the instances %v and %d points", len(r.Times), r.Instances, len(r.Series["cpu"][0]))
	}
	if last := float64(r.Series["cpu"][0][historySize-1]); last != float64(2*historySize-1) {
		t.Errorf("the last value is %v", last)
	}
}

func TestValue(t *testing.T) {
	for v, want := range map[float64]string{1.5: "1.5", math.Inf(1): "null"} {
		if text, err := json.Marshal(value(v)); err != nil || string(text) != want {
			t.Errorf("%v is %s, %v", v, text, err)
		}
	}
}

func TestTimeline(t *testing.T) {
	var line timeline
	start, second := time.UnixMilli(1e12), 0
	next := func() time.Time { second++; return start.Add(time.Duration(second) * time.Second) }
	hear := func(level, name, text string) {
		line.hear(control.Event{Time: next(), Level: level, Name: name, Text: text})
	}
	app := control.App{Name: "api", State: control.Online, Version: "1", Since: start, Supervisor: &control.Supervisor{Pid: 7, StartedAt: start}}
	line.see(app, start)
	for _, name := range []string{"fork", "online", "listening", "reload", "fork", "reloaded"} {
		hear("INFO", name, name)
	}
	hear("INFO", "exit", "it was asked to leave")
	app.Version = "2"
	line.see(app, next())
	hear("WARN", "exit", "exited with code 3")
	app.State, app.Reason, app.Since = control.CrashLoop, "it exits", next()
	hear("ERROR", "error", "nodecluster: the reload has failed")
	line.see(app, next())
	app.State, app.Supervisor, app.Reason, app.Since = control.Errored, nil, "its supervisor has died", start
	line.see(app, next())
	line.see(app, next())
	var got []string
	for _, m := range line.moments {
		got = append(got, m.name+" "+m.tone+": "+m.text)
	}
	want := []string{
		"start good: the application was started, by process 7", "reload : reload", "reloaded good: reloaded",
		"release good: version 2 in place of 1", "exit warn: exited with code 3", "crash loop bad: it exits", "error bad: the reload has failed",
		"errored bad: its supervisor has died",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range 2 * maxMoments {
		hear("WARN", "exit", "")
	}
	if len(line.moments) != maxMoments {
		t.Errorf("%d moments are kept", len(line.moments))
	}
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
