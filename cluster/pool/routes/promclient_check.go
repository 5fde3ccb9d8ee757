package routes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What a name, a help and the labels of a metric may have.
const (
	maxPromName       = 256
	maxPromHelp       = 1024
	maxPromLabels     = 64
	maxPromLabel      = 1024
	maxPromReasonName = 64
)

// promMetric is a metric as a worker sends it.
type promMetric struct {
	Name       string      `json:"name"`
	Help       string      `json:"help"`
	Type       string      `json:"type"`
	Aggregator string      `json:"aggregator"`
	Values     []promValue `json:"values"`
}

type promValue struct {
	Value      any            `json:"value"`
	MetricName string         `json:"metricName"`
	Labels     map[string]any `json:"labels"`
}

// family is the metric as it may be shown, or what is wrong with it.
func (m *promMetric) family(reserved []string) (PromFamily, error) {
	f := PromFamily{Name: m.Name, Type: m.Type}
	f.Help = strings.ToValidUTF8(m.Help[:min(len(m.Help), maxPromHelp)], "")
	switch {
	case !isPromName(m.Name, true):
		return f, errors.New("its name is none of Prometheus's")
	case slices.ContainsFunc(reserved, func(prefix string) bool { return strings.HasPrefix(m.Name, prefix) }):
		return f, errors.New("the primary has metrics of such names itself")
	case promSuffixes[m.Type] == nil:
		return f, fmt.Errorf("its type is %.40q, which is none of counter, gauge, histogram and summary", m.Type)
	case promAggregators[cmp.Or(m.Aggregator, "sum")] == nil:
		return f, fmt.Errorf("its aggregator is %.40q, which is none of the package's", m.Aggregator)
	}
	for i := range m.Values {
		s, err := m.Values[i].series(&f)
		if err != nil {
			return f, err
		}
		f.Series = append(f.Series, s)
	}
	return f, f.checkShape()
}

// series is the value as it may be shown, or what is wrong with it.
func (v *promValue) series(f *PromFamily) (PromSeries, error) {
	s := PromSeries{Name: cmp.Or(v.MetricName, f.Name)}
	if rest, ok := strings.CutPrefix(s.Name, f.Name); !ok || !slices.Contains(promSuffixes[f.Type], rest) || f.Type == "counter" && rest != "" {
		return s, fmt.Errorf("a value of it is called %.100q", s.Name)
	}
	switch value := v.Value.(type) {
	case float64:
		s.Value = value
	case nil: // what JSON has for NaN and infinities; JavaScript calculates with it as with 0
	default:
		return s, errors.New("a value of it is no number")
	}
	if len(v.Labels) > maxPromLabels {
		return s, fmt.Errorf("it has %d labels: there may be %d", len(v.Labels), maxPromLabels)
	}
	for name, value := range v.Labels {
		if _, isMissing := value.(structuredclone.Undefined); isMissing {
			continue // as in JSON, which leaves it out
		}
		text, ok := promLabelText(value)
		switch {
		case !isPromName(name, false):
			return s, fmt.Errorf("its label %.40q has a name that is none of Prometheus's", name)
		case !ok:
			return s, fmt.Errorf("the value of its label %.40q is neither text nor a number", name)
		case len(text) > maxPromLabel:
			return s, fmt.Errorf("the value of its label %.40q has %d bytes: it may have %d", name, len(text), maxPromLabel)
		}
		s.Labels = append(s.Labels, PromLabel{name, strings.ToValidUTF8(text, "\uFFFD")})
	}
	slices.SortFunc(s.Labels, func(a, b PromLabel) int { return cmp.Compare(a.Name, b.Name) })
	return s, nil
}

// isPromName reports whether a metric may have the name, or a label. Names of labels that begin with two underscores are Prometheus's own.
func isPromName(name string, ofMetric bool) bool {
	if len(name) == 0 || len(name) > maxPromName || !ofMetric && strings.HasPrefix(name, "__") {
		return false
	}
	for i, c := range []byte(name) {
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':' && ofMetric
		if !isLetter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// promLabelText is the text that JavaScript makes of a label's value.
func promLabelText(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "null", true
	case float64:
		if math.IsInf(v, 0) {
			return map[bool]string{true: "+Inf", false: "-Inf"}[v > 0], true
		}
		if math.IsNaN(v) {
			return "NaN", true
		}
		text, err := json.Marshal(v) // which writes numbers as JavaScript does
		return string(text), err == nil
	}
	return "", false
}

// checkShape reports what is wrong with the series of a histogram or a summary, as Prometheus reads them.
func (f *PromFamily) checkShape() error {
	bound := map[string]string{"histogram": "le", "summary": "quantile"}[f.Type]
	if bound == "" {
		return nil
	}
	groups := map[string]*promGroup{}
	for i := range f.Series {
		s := &f.Series[i]
		key := PromSeries{Labels: slices.DeleteFunc(slices.Clone(s.Labels), func(l PromLabel) bool { return l.Name == bound })}
		group := groups[key.key()]
		if group == nil {
			group = &promGroup{}
			groups[key.key()] = group
		}
		if err := group.add(f, s, bound); err != nil {
			return err
		}
	}
	for _, g := range groups {
		if err := g.check(f.Type); err != nil {
			return err
		}
	}
	return nil
}

// promGroup is one histogram or summary of a metric.
type promGroup struct {
	bounds     []promBound
	count, sum *PromSeries
}

type promBound struct{ at, value float64 }

func (g *promGroup) add(f *PromFamily, s *PromSeries, bound string) error {
	text := s.label(bound)
	suffix := strings.TrimPrefix(s.Name, f.Name)
	if hasBound := suffix == "" || suffix == "_bucket"; hasBound == (text == "") || f.Type == "histogram" && suffix == "" {
		return fmt.Errorf("its series %s has the label %s where it must not, or has it not", s.Name, bound)
	}
	switch suffix {
	case "_count":
		g.count = s
	case "_sum":
		g.sum = s
	default:
		at, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(at) || f.Type == "summary" && (at < 0 || at > 1) {
			return fmt.Errorf("the value of its label %s is %.40q", bound, text)
		}
		g.bounds = append(g.bounds, promBound{at, s.Value})
	}
	return nil
}

// check reports what is missing or cannot be: the buckets of a histogram are whole numbers that do not fall, and the last has all.
func (g *promGroup) check(kind string) error {
	if g.count == nil || g.sum == nil {
		return errors.New("it has no _count or no _sum")
	}
	if !isPromCount(g.count.Value) {
		return fmt.Errorf("its _count is %v", g.count.Value)
	}
	slices.SortFunc(g.bounds, func(a, b promBound) int { return cmp.Compare(a.at, b.at) })
	for i, b := range g.bounds {
		if i > 0 && g.bounds[i-1].at == b.at {
			return fmt.Errorf("two of its series are for %v", b.at)
		}
		if kind == "summary" {
			continue
		}
		if !isPromCount(b.value) || i > 0 && b.value < g.bounds[i-1].value {
			return fmt.Errorf("its bucket %v has %v, which is no count or less than the bucket before it", b.at, b.value)
		}
	}
	if kind == "histogram" && (len(g.bounds) == 0 || g.bounds[len(g.bounds)-1] != promBound{math.Inf(1), g.count.Value}) {
		return errors.New("its bucket +Inf is not its _count")
	}
	return nil
}

// isPromCount reports whether a number is one that a counter of events can have.
func isPromCount(n float64) bool { return n >= 0 && n == math.Trunc(n) && n < 1<<63 }
