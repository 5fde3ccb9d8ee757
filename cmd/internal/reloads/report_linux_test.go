package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

const ms = time.Millisecond

// Requests count as before or during by when they began and ended. The warm-up and what lies between two reloads is neither.
func TestFigures(t *testing.T) {
	reloads := []period{{2000 * ms, 3000 * ms}, {4000 * ms, 7000 * ms}}
	answered := []sample{
		{500 * ms, 90 * ms},                        // in the warm-up
		{1500 * ms, 10 * ms},                       // before
		{1900 * ms, 200 * ms}, {3000 * ms, 5 * ms}, // on an edge
		{3100 * ms, 895 * ms}, // between
		{6000 * ms, 20 * ms},  // during
		{7001 * ms, 99 * ms},  // after
	}
	broken := errors.New("broken")
	failed := []failure{{kind: reset}, {kind: timeout}, {kind: reset, err: broken}}
	got := newFigures(answered, failed, reloads, time.Second)
	want := figures{changes: 2, requests: 10, last: broken, median: 3000 * ms, most: 3000 * ms, before: 10 * ms, during: 200 * ms}
	want.failed[reset], want.failed[timeout] = 2, 1
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := newFigures(answered, failed, nil, time.Second); got.before != 0 || got.during != 0 || got.requests != 10 || got.failures() != 3 {
		t.Errorf("without a reload: %+v", got)
	}
}

func TestP99(t *testing.T) {
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(200-i)*ms)
	}
	if got := p99(took); got != 199*ms {
		t.Errorf("of 1 to 200 ms it is %v", got)
	}
	if got := p99(nil); got != 0 {
		t.Errorf("of nothing it is %v", got)
	}
}

// sample of a measurement: one of ours that has failed, PM2, and one of ours that could not be measured.
func sampleMeasurement() *measurement {
	o := &options{change: reloading, workers: 8, clients: 64, keepAlive: 32, pause: 20 * ms}
	m := &measurement{options: o, machine: measure.Machine{CPUs: 4, Kernel: "Linux 6", Node: "v24.1.0"}}
	rr := contender{title: "nodecluster, rr", ours: true}
	f := figures{changes: 2, requests: 1000, median: 2300 * ms, most: 2600 * ms, before: 5 * ms, during: 8 * ms, last: errors.New("broken pipe")}
	f.failed[reset], f.failed[refused] = 2, 1
	m.results = append(m.results, &result{contender: rr, figures: f, timeline: newTimeline(
		[]sample{{900 * ms, 3 * ms}, {1010 * ms, 5 * ms}, {1020 * ms, 50 * ms}, {1030 * ms, 6 * ms}, {5000 * ms, 9 * ms}},
		[]failure{{sample: sample{1500 * ms, 20 * ms}}, {sample: sample{100 * ms, ms}}}, period{1000 * ms, 2000 * ms})})
	m.results = append(m.results, &result{contender: contender{title: "PM2"}, figures: figures{requests: 500, failed: [kinds]int{reset: 4}}})
	m.omissions = append(m.omissions, omission{contender{title: "PM2"}, errors.New("reload 1 of 2: it has reloaded 3 of 8 workers")})
	return m
}

const sampleTable = `4 CPUs, Linux 6, Node 24.1.0: 8 workers, 64 clients, of which 32 keep their connections, and which wait 20ms between requests.

| who | reloads | requests | failed | reset | no answer | refused | timeout | wrong | a reload, s: median | longest | p99 before, ms | during | ratio |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
| nodecluster, rr | 2 | 1000 | 3 | 2 | 0 | 1 | 0 | 0 | 2.3 | 2.6 | 5.0 | 8.0 | 1.60 |
| PM2 | 0 | 500 | 4 | 4 | 0 | 0 | 0 | 0 | – | – | – | – | – |

The last request that failed under nodecluster, rr: broken pipe.

Not measured to the end: PM2: reload 1 of 2: it has reloaded 3 of 8 workers.
`

func TestTable(t *testing.T) {
	var got strings.Builder
	if err := sampleMeasurement().writeTable(&got); err != nil {
		t.Fatal(err)
	}
	if got.String() != sampleTable {
		t.Errorf("the table is\n%s\nwant\n%s", got.String(), sampleTable)
	}
}

// Only what is ours makes the program fail.
func TestFailure(t *testing.T) {
	m := sampleMeasurement()
	if err := m.failure(); err == nil || err.Error() != "nodecluster, rr: 3 of 1000 requests failed" {
		t.Errorf("%v", err)
	}
	m.results = m.results[1:]
	if err := m.failure(); err != nil {
		t.Errorf("%v, where only PM2 has failed", err)
	}
	m.omissions[0].ours = true
	if err := m.failure(); err == nil || err.Error() != "PM2: reload 1 of 2: it has reloaded 3 of 8 workers" {
		t.Errorf("%v", err)
	}
}

func TestTimeline(t *testing.T) {
	got := sampleMeasurement().results[0].timeline
	want := []bin{{-75 * ms, 3 * ms, 3 * ms}, {25 * ms, 6 * ms, 50 * ms}}
	if fmt.Sprint(got.bins) != fmt.Sprint(want) || fmt.Sprint(got.failures) != fmt.Sprint([]sample{{500 * ms, 20 * ms}}) || got.took != time.Second {
		t.Errorf("%+v, want %v", got, want)
	}
}

func TestPlot(t *testing.T) {
	drawing := string(drawTimelines(sampleMeasurement().results))
	for text, want := range map[string]int{"<polyline ": 2, "<circle ": 4 + 1, ">0.1<": 1, ">100<": 1, "NaN": 0, "Inf": 0, "ZgotmplZ": 0} {
		if n := strings.Count(drawing, text); n != want {
			t.Errorf("%q is %d times in %s, want %d", text, n, drawing, want)
		}
	}
}

// Lines of a log are read once, and when they are whole.
func TestEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	r := &eventReader{log: log}
	for _, step := range []struct{ text, want string }{
		{"", "[]"},
		{"(node:7) Warning: no event\n{\"msg\":\"listening\"}\n{\"msg\":\"err", "[listening ]"},
		{"or\",\"error\":\"reload: no\"}\n{\"msg\":\"replace\"}\n", "[error reload: no replace ]"},
		{"{\"msg\":\"reloaded\"}\n", "[reloaded ]"},
	} {
		if _, err := log.WriteString(step.text); err != nil {
			t.Fatal(err)
		}
		var events []string
		for {
			e, ok, err := r.nextOne()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			events = append(events, e.Msg+" "+e.Error)
		}
		if fmt.Sprint(events) != step.want {
			t.Errorf("after %q: %v, want %s", step.text, events, step.want)
		}
	}
}

func TestEndOfAChange(t *testing.T) {
	for _, c := range []struct {
		event event
		over  bool
		want  string
	}{
		{event{Msg: "reload"}, false, "<nil>"},
		{event{Msg: "error", Error: "worker 3: something"}, false, "<nil>"},
		{event{Msg: "reloaded"}, true, "<nil>"},
		{event{Msg: "error", Error: "reload: instance 0: it ended"}, true, "reload: instance 0: it ended"},
	} {
		if over, err := c.event.ends("reload", "reloaded"); over != c.over || fmt.Sprint(err) != c.want {
			t.Errorf("%v: %t, %v", c.event, over, err)
		}
	}
}
