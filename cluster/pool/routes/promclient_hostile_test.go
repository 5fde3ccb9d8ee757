//go:build unix

package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

// fair is an answer of a worker that does as it should.
const fair = `{"metrics":[[
	{"name":"fair_total","help":"h","type":"counter","aggregator":"sum","values":[{"value":1,"labels":{"a":"b"}}]},
	{"name":"lasts","help":"h","type":"histogram","aggregator":"sum","values":[
		{"value":1,"metricName":"lasts_bucket","labels":{"le":1}},{"value":2,"metricName":"lasts_bucket","labels":{"le":"+Inf"}},
		{"value":2.5,"metricName":"lasts_sum","labels":{}},{"value":2,"metricName":"lasts_count","labels":{}}]},
	{"name":"takes","help":"h","type":"summary","aggregator":"sum","values":[
		{"value":0.5,"labels":{"quantile":0.5}},{"value":3,"metricName":"takes_sum","labels":{}},{"value":2,"metricName":"takes_count","labels":{}}]}]]}`

// oddities are what a worker may say in place of a field.
var oddities = []string{
	`null`, `true`, `-1`, `1e300`, `""`, `"text"`, `"\u0000\ud800"`, `[]`, `[[]]`, `[null]`, `{}`, `{"a":{"b":[]}}`, `"` + strings.Repeat("x", 5000) + `"`,
	`[{"value":1,"labels":{"le":"Nan"}}]`, `[{"value":[],"labels":{"__name__":"x"}}]`, `{"le":"x","quantile":7}`, `{"":1,"0a":2}`,
}

// fields are those of an answer, with what they are in fair.
var fields = []string{
	`"metrics":[[`, `"name":"fair_total"`, `"name":"lasts"`, `"help":"h"`, `"type":"counter"`, `"type":"histogram"`, `"type":"summary"`, `"aggregator":"sum"`,
	`"values":[{"value":1,"labels":{"a":"b"}}]`, `"value":1`, `"labels":{"a":"b"}`, `"labels":{"le":1}`, `"labels":{"le":"+Inf"}`, `"labels":{"quantile":0.5}`,
	`"metricName":"lasts_bucket"`, `"metricName":"lasts_sum"`, `"metricName":"takes_count"`, `"value":2.5`, `"value":2`,
}

// A worker that sends whatever in each field takes nothing of another worker's metrics, and the text stays one that Prometheus reads.
func TestPromClientHostileFields(t *testing.T) {
	alone := routes.AggregateJSON(nil, fair)
	if alone.LeftOut > 0 || len(alone.Families) != 3 {
		t.Fatalf("%d metrics, left out %v", len(alone.Families), alone.Reasons)
	}
	for _, field := range fields {
		name, _, _ := strings.Cut(field, ":")
		if !strings.Contains(fair, field) {
			t.Fatalf("there is no %s", field)
		}
		for _, odd := range oddities {
			changed := strings.Replace(fair, field, name+":"+odd, 1)
			if field == `"metrics":[[` {
				changed = `{"metrics":` + odd + `}`
			}
			m := routes.AggregateJSON([]string{"nodecluster_"}, fair, changed)
			seriesOf(t, textOf(t, m))
			for _, f := range alone.Families {
				i := slices.IndexFunc(m.Families, func(other routes.PromFamily) bool { return other.Name == f.Name && other.Type == f.Type })
				if i < 0 || len(m.Families[i].Series) < len(f.Series) {
					t.Errorf("%s as %.40s: %s of the other worker is not whole: %v", name, odd, f.Name, m.Reasons)
				}
			}
		}
	}
}

// Metrics that do not go together are left out, and it is said why.
func TestPromClientLeavesOut(t *testing.T) {
	metric := func(name, kind, values string) string {
		return fmt.Sprintf(`{"metrics":[[{"name":%q,"help":"","type":%q,"aggregator":"sum","values":[%s]}]]}`, name, kind, values)
	}
	one := `{"value":1,"labels":{}}`
	for _, c := range []struct {
		name    string
		answers []string
		left    int // metrics that are there
		reason  string
	}{
		{"reserved", []string{metric("nodecluster_x", "gauge", one)}, 0, "the primary has metrics of such names itself"},
		{"another type", []string{metric("x", "gauge", one), metric("x", "counter", one)}, 1, "it is a counter, and that of worker 1 is a gauge"},
		{"clash", []string{fair, metric("lasts_sum", "gauge", one)}, 3, "its series lasts_sum are also those of the metric lasts"},
		{"clash in OpenMetrics", []string{metric("x", "counter", one), metric("x_total", "gauge", one)}, 1, "its series x_total are also those of the metric x"},
		{"name", []string{metric("a-b", "gauge", one)}, 0, "its name is none of Prometheus's"},
		{"type", []string{metric("x", "info", one)}, 0, "its type is"},
		{"aggregator", []string{`{"metrics":[[{"name":"x","type":"gauge","aggregator":"median","values":[]}]]}`}, 0, "its aggregator is"},
		{"error", []string{`{"error":"boom"}`, fair}, 3, `it could not read its metrics: "boom"`},
		{"label", []string{metric("x", "gauge", `{"value":1,"labels":{"a":"`+strings.Repeat("x", 1025)+`"}}`)}, 0, "has 1025 bytes"},
		{"no metrics", []string{`{"metrics":7}`, fair}, 3, "what it has sent are no metrics"},
		{"not whole", []string{metric("h", "histogram", `{"value":1,"metricName":"h_count","labels":{}}`)}, 0, "it has no _count or no _sum"},
	} {
		m := routes.AggregateJSON([]string{"nodecluster_"}, c.answers...)
		if len(m.Families) != c.left || m.LeftOut != 1 || !strings.Contains(m.Reasons[0].Reason, c.reason) {
			t.Errorf("%s: %d metrics, left out %d: %v", c.name, len(m.Families), m.LeftOut, m.Reasons)
		}
	}
}

// What workers send is bounded together, and the metrics of those before are whole.
func TestPromClientBound(t *testing.T) {
	name := strings.Repeat("n", 256)
	var values []string
	for i := range 30_000 {
		values = append(values, fmt.Sprintf(`{"value":1,"labels":{"l":%d}}`, i))
	}
	large := fmt.Sprintf(`{"metrics":[[{"name":%q,"help":"","type":"gauge","values":[%s]}]]}`, name, strings.Join(values, ","))
	m := routes.AggregateJSON(nil, fair, large)
	if len(m.Families) != 3 || m.LeftOut != 1 || !strings.Contains(m.Reasons[0].Reason, "there is no room for it") {
		t.Errorf("%d metrics, left out %v", len(m.Families), m.Reasons)
	}
	var many []string
	for worker := range 20 {
		many = append(many, strings.ReplaceAll(strings.Replace(large, name, name[:10], 1), `"l":`, fmt.Sprintf(`"l":%d`, worker+1)))
	}
	m = routes.AggregateJSON(nil, many...)
	if size := len(textOf(t, m)); size < 4<<20 || size > 9<<20 || m.LeftOut == 0 {
		t.Errorf("%d bytes of text, left out %d", size, m.LeftOut)
	}
}

// Whatever a worker answers, what comes of it is a text that Prometheus reads.
func FuzzPromClientAnswer(f *testing.F) {
	f.Add(fair)
	for i, odd := range oddities {
		field := fields[1+i%(len(fields)-1)]
		name, _, _ := strings.Cut(field, ":")
		f.Add(strings.Replace(fair, field, name+":"+odd, 1))
	}
	f.Fuzz(func(t *testing.T, answer string) {
		m := routes.AggregateJSON([]string{"nodecluster_"}, answer, fair, answer)
		seriesOf(t, textOf(t, m))
	})
}
