//go:build unix

package routes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// registries are those of all workers, in their order, as the package sends them.
type registries []json.RawMessage

// aggregatedByPackage has the package aggregate each case.
func aggregatedByPackage(t *testing.T, node nodetest.Runtime, cases []registries) (texts []string) {
	t.Helper()
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(clustertest.Patient(t), node.Path, "testdata/promclient-aggregate.js")
	command.Env = append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t))
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(output, &texts); err != nil || len(texts) != len(cases) {
		t.Fatalf("%d texts (%v), want %d", len(texts), err, len(cases))
	}
	return texts
}

// seriesOf are the series of a text as Prometheus reads them, each with its type and value.
func seriesOf(t *testing.T, text string) (all []string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for name, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			m.Label = nil
			value, err := json.Marshal(m)
			if err != nil { // NaN, which JSON has not
				value = fmt.Appendf(nil, "%v", m)
			}
			all = append(all, fmt.Sprintf("%s %s %s %q %s", f.GetType(), name, labels, f.GetHelp(), value))
		}
	}
	slices.Sort(all)
	return all
}

func textOf(t *testing.T, m routes.PromMetrics) string {
	t.Helper()
	var text strings.Builder
	if err := m.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// expectAsPackage compares what was aggregated with what the package makes of the same.
func expectAsPackage(t *testing.T, got routes.PromMetrics, packages string) {
	t.Helper()
	if diff := cmp.Diff(seriesOf(t, packages), seriesOf(t, textOf(t, got))); diff != "" {
		t.Errorf("the package has other metrics (-) than these (+): %s", diff)
	}
}

// randomMetric is a metric of one worker as the package sends it.
type randomMetric struct {
	Name       string        `json:"name"`
	Help       string        `json:"help"`
	Type       string        `json:"type"`
	Values     []randomValue `json:"values"`
	Aggregator string        `json:"aggregator"`
}

type randomValue struct {
	Value      float64        `json:"value"`
	MetricName string         `json:"metricName,omitempty"`
	Labels     map[string]any `json:"labels"`
}

var labelValues = []any{"", "text", `quo"te\`, "line\nline", "ü€😀", 200, 0.1, 1e21, 1e-7, true, "200", -3}

// randomRegistry is one whose metrics have all types and aggregators, and labels of which some are the same in other workers.
func randomRegistry(r *rand.Rand) json.RawMessage {
	var metrics []randomMetric
	for _, aggregator := range []string{"sum", "first", "min", "max", "average", "omit"} {
		gauge := randomMetric{Name: "gauge_" + aggregator, Help: `a "help" \ ` + "\n", Type: "gauge", Aggregator: aggregator, Values: []randomValue{}}
		seen := map[string]bool{}
		for range r.IntN(6) {
			labels := map[string]any{"a": labelValues[r.IntN(len(labelValues))], "b_1": labelValues[r.IntN(len(labelValues))]}
			if key := fmt.Sprint(labels); !seen[key] {
				seen[key] = true
				gauge.Values = append(gauge.Values, randomValue{Value: r.NormFloat64() * 1e6, Labels: labels})
			}
		}
		counter := randomMetric{Name: "counter_" + aggregator + "_total", Help: "counts", Type: "counter", Aggregator: aggregator}
		counter.Values = []randomValue{{Value: float64(r.IntN(1 << 40)), Labels: map[string]any{}}, {Value: r.Float64(), Labels: map[string]any{"x": r.IntN(3)}}}
		metrics = append(metrics, gauge, counter)
	}
	histogram := randomMetric{Name: "histogram", Help: "h", Type: "histogram", Aggregator: "sum", Values: []randomValue{}}
	summary := randomMetric{Name: "summary", Help: "s", Type: "summary", Aggregator: "sum", Values: []randomValue{}}
	for code := range r.IntN(4) {
		count := 0.0
		for _, le := range []any{1e-7, 0.1, 2, 1e21, "+Inf"} {
			count += float64(r.IntN(100))
			histogram.Values = append(histogram.Values, randomValue{count, "histogram_bucket", map[string]any{"le": le, "code": code}})
		}
		labels := map[string]any{"code": code}
		histogram.Values = append(histogram.Values, randomValue{r.Float64(), "histogram_sum", labels}, randomValue{count, "histogram_count", labels})
		summary.Values = append(summary.Values, randomValue{r.Float64(), "", map[string]any{"quantile": 0.5, "code": code}},
			randomValue{r.Float64(), "summary_sum", labels}, randomValue{count, "summary_count", labels})
	}
	text, _ := json.Marshal(append(metrics, histogram, summary))
	return text
}

// Of whatever workers send, the aggregated metrics are to the last digit those that the package makes of it.
func TestPromClientAggregatesAsThePackage(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var cases []registries
	for range 50 {
		var all registries
		for range 1 + r.IntN(4) {
			all = append(all, randomRegistry(r))
		}
		cases = append(cases, all)
	}
	for i, text := range aggregatedByPackage(t, nodetest.Default(t), cases) {
		var answers []string
		for _, registry := range cases[i] {
			answers = append(answers, fmt.Sprintf(`{"requestId":1,"metrics":[%s]}`, registry))
		}
		got := routes.AggregateJSON(nil, answers...)
		if got.LeftOut > 0 {
			t.Errorf("left out: %v", got.Reasons)
		}
		expectAsPackage(t, got, text)
	}
}
