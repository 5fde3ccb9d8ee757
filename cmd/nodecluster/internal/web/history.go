package web

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// How much is kept of each application for its charts.
const (
	samplePeriod = 2 * time.Second
	historyTime  = 15 * time.Minute
	historySize  = int(historyTime / samplePeriod)
	maxLines     = 64 // in a chart, by the number of the instance
)

// chart is a chart of the page, and what a sample has in it.
type chart struct {
	Key, Name, Unit string
	of              func(control.Worker) float64
}

// charts are those of the page. Connections have no function: they are counted from sample to sample.
var charts = []chart{
	{"connections", "New connections", "rate", nil},
	{"lag", "Lag of the event loop", "milliseconds", func(w control.Worker) float64 {
		if w.Lag == nil {
			return math.NaN()
		}
		return w.Lag.Last
	}},
	{"cpu", "CPU", "percent", func(w control.Worker) float64 { return w.CPU }},
	{"memory", "Memory (RSS)", "bytes", func(w control.Worker) float64 { return float64(w.Memory) }},
}

// value is a point of a line, NaN where there is none, which is null as JSON.
type value float32

func (v value) MarshalJSON() ([]byte, error) {
	if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(float32(v))
	}
	return []byte("null"), nil
}

// history is what an application's workers have used, sample by sample. There are no more than historySize samples.
type history struct {
	times []float64 // seconds
	lines map[int]*line
}

// line is what the workers of one instance have used, in each chart: a point for each time of the history.
type line struct {
	points   [][]value
	worker   int // the one of the last sample
	accepted uint64
	seen     float64 // when there was a worker last
}

// sample is one moment of a history, as a stream sends it: the values of each chart, in the order of the instances.
type sample struct {
	Time      float64            `json:"time"`
	Previous  float64            `json:"previous"`
	Instances []int              `json:"instances"`
	Series    map[string][]value `json:"series"`
}

// recording is a whole history, as the script is given it.
type recording struct {
	Size      int                  `json:"size"`
	Times     []float64            `json:"times"`
	Instances []int                `json:"instances"`
	Series    map[string][][]value `json:"series"`
}

func newHistory() *history { return &history{lines: make(map[int]*line)} }

// add adds what an application's workers use now.
func (h *history) add(now time.Time, workers []control.Worker) {
	at, previous := float64(now.UnixMilli())/1000, 0.0
	if len(h.times) > 0 {
		previous = h.times[len(h.times)-1]
	}
	h.times = append(h.times, at)
	for _, w := range workers {
		if l := h.lineOf(w); l != nil && l.seen < at {
			l.add(w, at, at-previous)
		}
	}
	for instance, l := range h.lines {
		l.pad(len(h.times))
		if at-l.seen > historyTime.Seconds() {
			delete(h.lines, instance)
		}
	}
	if len(h.times) > historySize {
		h.forget()
	}
}

// lineOf is the line of a worker, nil if there is none for it.
func (h *history) lineOf(w control.Worker) *line {
	if w.Pid == 0 || w.Instance < 0 || w.Instance >= maxLines {
		return nil
	}
	l := h.lines[w.Instance]
	if l == nil {
		l = &line{points: make([][]value, len(charts))}
		h.lines[w.Instance] = l
		l.pad(len(h.times) - 1)
	}
	return l
}

// forget removes the oldest sample.
func (h *history) forget() {
	h.times = slices.Delete(h.times, 0, 1)
	for _, l := range h.lines {
		for i := range l.points {
			l.points[i] = slices.Delete(l.points[i], 0, 1)
		}
	}
}

// add adds what a worker uses, some seconds after the sample before.
func (l *line) add(w control.Worker, at, seconds float64) {
	for i, c := range charts {
		v := math.NaN()
		switch {
		case c.of != nil:
			v = c.of(w)
		case l.worker == w.ID && w.Accepted >= l.accepted && seconds > 0:
			v = float64(w.Accepted-l.accepted) / seconds
		}
		l.points[i] = append(l.points[i], value(v))
	}
	l.worker, l.accepted, l.seen = w.ID, w.Accepted, at
}

// pad has the line have so many points.
func (l *line) pad(n int) {
	for i := range l.points {
		for len(l.points[i]) < n {
			l.points[i] = append(l.points[i], value(math.NaN()))
		}
	}
}

func (h *history) instances() []int {
	instances := make([]int, 0, len(h.lines))
	for instance := range h.lines {
		instances = append(instances, instance)
	}
	slices.Sort(instances)
	return instances
}

// recording copies the history.
func (h *history) recording() recording {
	r := recording{Size: historySize, Times: append([]float64{}, h.times...), Instances: h.instances(), Series: make(map[string][][]value)}
	for i, c := range charts {
		r.Series[c.Key] = make([][]value, 0, len(r.Instances))
		for _, instance := range r.Instances {
			r.Series[c.Key] = append(r.Series[c.Key], slices.Clone(h.lines[instance].points[i]))
		}
	}
	return r
}

// last copies the last sample, if there is one.
func (h *history) last() (sample, bool) {
	n := len(h.times)
	if n == 0 {
		return sample{}, false
	}
	s := sample{Time: h.times[n-1], Instances: h.instances(), Series: make(map[string][]value)}
	if n > 1 {
		s.Previous = h.times[n-2]
	}
	for i, c := range charts {
		s.Series[c.Key] = make([]value, 0, len(s.Instances))
		for _, instance := range s.Instances {
			s.Series[c.Key] = append(s.Series[c.Key], h.lines[instance].points[i][n-1])
		}
	}
	return s, true
}
