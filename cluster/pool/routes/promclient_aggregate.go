package routes

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	// maxPromText is how many bytes of text all metrics may be, and maxPromWorkerText those of one worker.
	maxPromText       = 8 << 20
	maxPromWorkerText = 2 << 20
	// maxPromReasons is how many metrics are told of that were left out.
	maxPromReasons = 16
)

// promAggregation puts the metrics of workers together, one worker after the other.
type promAggregation struct {
	reserved []string
	families map[string]*promAggregated
	size     int // bytes of text by now
	result   PromMetrics
}

// promAggregated is a metric of several workers.
type promAggregated struct {
	PromFamily
	aggregator string
	from       int // the worker that had it first
	byKey      map[string]*promSum
	order      []*promSum
}

// promSum is a series of several workers.
type promSum struct {
	PromSeries             // its value is the first
	sum, smallest, largest float64
	n                      int
}

func newPromAggregation(reserved []string) *promAggregation {
	return &promAggregation{reserved: reserved, families: map[string]*promAggregated{}}
}

// leaveOut counts a metric that is not shown. Name may be whatever a worker has sent.
func (a *promAggregation) leaveOut(name string, worker int, err error) {
	a.result.LeftOut++
	if len(a.result.Reasons) < maxPromReasons {
		name = strings.Clone(strings.ToValidUTF8(name[:min(len(name), maxPromReasonName)], "")) // a part would keep the whole message
		a.result.Reasons = append(a.result.Reasons, PromLeftOut{Metric: name, Worker: worker, Reason: err.Error()})
	}
}

// addAnswer adds what a worker has answered.
func (a *promAggregation) addAnswer(worker int, m message) {
	var answer struct {
		Error   string         `json:"error"`
		Metrics [][]promMetric `json:"metrics"`
	}
	if err := m.Decode(&answer); err != nil {
		a.leaveOut("", worker, fmt.Errorf("what it has sent are no metrics: %.200v", err))
		return
	}
	if answer.Error != "" {
		a.leaveOut("", worker, fmt.Errorf("it could not read its metrics: %.200q", answer.Error))
	}
	room := min(maxPromWorkerText, maxPromText-a.size)
	for _, registry := range answer.Metrics {
		for i := range registry {
			room -= a.addMetric(worker, &registry[i], room)
		}
	}
}

// addMetric adds a metric of a worker as a whole, unless something is wrong with it. It gives the room in bytes that it takes.
func (a *promAggregation) addMetric(worker int, m *promMetric, room int) (size int) {
	if m.Aggregator == "omit" {
		return 0
	}
	family, err := m.family(a.reserved)
	if err == nil {
		size, err = a.add(worker, family, cmp.Or(m.Aggregator, "sum"), room)
	}
	if err != nil {
		a.leaveOut(m.Name, worker, err)
	}
	return size
}

// add adds the series of a metric, which is fit to be shown, to those that there are.
func (a *promAggregation) add(worker int, f PromFamily, aggregator string, room int) (size int, err error) {
	all := a.families[f.Name]
	size = len(f.Help) + 2*len(f.Name)
	switch {
	case all == nil:
	case all.Type != f.Type:
		return 0, fmt.Errorf("it is a %s, and that of worker %d is a %s", f.Type, all.from, all.Type)
	case all.aggregator != aggregator:
		return 0, fmt.Errorf("its aggregator is %s, and that of worker %d is %s", aggregator, all.from, all.aggregator)
	}
	for i := range f.Series {
		size += f.Series[i].size()
	}
	if size > room {
		return 0, fmt.Errorf("there is no room for it: the metrics of a worker may be %d bytes of text, those of all %d", maxPromWorkerText, maxPromText)
	}
	if all == nil {
		all = &promAggregated{PromFamily: PromFamily{Name: f.Name, Help: f.Help, Type: f.Type}, aggregator: aggregator, from: worker, byKey: map[string]*promSum{}}
		a.families[f.Name] = all
		a.size += len(f.Help) + 2*len(f.Name)
	}
	for i := range f.Series {
		a.size += all.add(&f.Series[i])
	}
	return size, nil
}

// add adds a series, and gives the room in bytes that it takes.
func (f *promAggregated) add(s *PromSeries) (size int) {
	key := s.key()
	all := f.byKey[key]
	if all == nil {
		all = &promSum{PromSeries: *s, smallest: math.Inf(1), largest: math.Inf(-1)}
		f.byKey[key] = all
		f.order = append(f.order, all)
		size = s.size()
	}
	all.n++
	all.sum += s.Value
	all.smallest, all.largest = min(all.smallest, s.Value), max(all.largest, s.Value)
	return size
}

// promAggregators are the package's. omit is apart: such a metric is not shown.
var promAggregators = map[string]func(*promSum) float64{
	"sum":     func(s *promSum) float64 { return s.sum },
	"first":   func(s *promSum) float64 { return s.Value },
	"min":     func(s *promSum) float64 { return s.smallest },
	"max":     func(s *promSum) float64 { return s.largest },
	"average": func(s *promSum) float64 { return s.sum / float64(s.n) },
}

// end gives all metrics that go together.
func (a *promAggregation) end() PromMetrics {
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(a.families)) {
		all := a.families[name]
		for _, s := range all.order {
			s.Value = promAggregators[all.aggregator](s)
			all.Series = append(all.Series, s.PromSeries)
		}
		err := all.checkShape()
		if err == nil {
			err = takeNames(taken, &all.PromFamily)
		}
		if err != nil {
			a.leaveOut(name, 0, err)
			continue
		}
		a.result.Families = append(a.result.Families, all.PromFamily)
	}
	return a.result
}

// promSuffixes are those of the names of a metric's series, by its type. OpenMetrics has one for counters.
var promSuffixes = map[string][]string{
	"counter": {"", "_total"}, "gauge": {""}, "histogram": {"", "_bucket", "_sum", "_count"}, "summary": {"", "_sum", "_count"},
}

// takeNames notes the names of a metric's series, or gives the other metric that has one of them.
func takeNames(taken map[string]string, f *PromFamily) error {
	names := make([]string, 0, 4)
	for _, suffix := range promSuffixes[f.Type] {
		name := f.Name + suffix
		if f.Type == "counter" && suffix != "" && strings.HasSuffix(f.Name, suffix) {
			name = strings.TrimSuffix(f.Name, suffix)
		}
		if other, ok := taken[name]; ok {
			return fmt.Errorf("its series %s are also those of the metric %s", name, other)
		}
		names = append(names, name)
	}
	for _, name := range names {
		taken[name] = f.Name
	}
	return nil
}
