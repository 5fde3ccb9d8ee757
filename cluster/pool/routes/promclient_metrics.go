package routes

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// PromMetrics are the aggregated metrics of workers, as [PromClient.Collect] gives them.
type PromMetrics struct {
	// Families are the metrics by their names.
	Families []PromFamily
	// Workers is how many workers the metrics are of, and Late how many of these have not answered in time, so that theirs are older.
	Workers, Late int
	// LeftOut is how many metrics of workers are not among the families, and Reasons says why, of the first 16.
	LeftOut int
	Reasons []PromLeftOut
}

// PromLeftOut is a metric of a worker that was left out.
type PromLeftOut struct {
	Metric string // its name, shortened; "" for all of the worker's
	Worker int    // its id, 0 for all workers
	Reason string // a line
}

// PromFamily is one metric, with a name, a help and a type that Prometheus takes.
type PromFamily struct {
	Name, Help string
	Type       string // "counter", "gauge", "histogram" or "summary"
	Series     []PromSeries
}

// PromSeries is a value of a metric. Its name is the metric's, or that with _bucket, _sum or _count behind it.
type PromSeries struct {
	Name   string
	Labels []PromLabel // by their names
	Value  float64
}

// PromLabel is a label of a series.
type PromLabel struct{ Name, Value string }

var (
	promHelpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	promValueEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// WriteText writes the metrics in Prometheus's text format, version 0.0.4.
func (m PromMetrics) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, f := range m.Families {
		fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.Name, promHelpEscapes.Replace(f.Help), f.Name, f.Type)
		for _, s := range f.Series {
			s.write(out)
		}
	}
	return out.Flush()
}

func (s *PromSeries) write(out *bufio.Writer) {
	out.WriteString(s.Name)
	between := byte('{')
	for _, l := range s.Labels {
		out.WriteByte(between)
		out.WriteString(l.Name + `="`)
		promValueEscapes.WriteString(out, l.Value)
		out.WriteByte('"')
		between = ','
	}
	if len(s.Labels) > 0 {
		out.WriteByte('}')
	}
	out.WriteString(" " + strconv.FormatFloat(s.Value, 'g', -1, 64) + "\n")
}

// key is the same for all series of one name and the same labels.
func (s *PromSeries) key() string {
	var key strings.Builder
	key.WriteString(s.Name)
	for _, l := range s.Labels {
		fmt.Fprintf(&key, "\x00%s\x00%s", l.Name, l.Value)
	}
	return key.String()
}

// size is about how many bytes the series takes in the text format.
func (s *PromSeries) size() int {
	size := len(s.Name) + 24
	for _, l := range s.Labels {
		size += len(l.Name) + len(l.Value) + 4
	}
	return size
}

// label is the value of a label, "" if there is none.
func (s *PromSeries) label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}
