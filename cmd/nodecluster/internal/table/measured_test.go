package table

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// What workers measure is a line a metric, and their actions are a line.
func TestDescribeMeasured(t *testing.T) {
	app := control.App{Name: "api", State: control.Online, Workers: []control.Worker{
		{Instance: 0, Metrics: []control.Metric{{Name: "Heap", Value: new(12.25), Unit: "MiB"}, {Name: "Mood", Text: "good\x1b[31m"}}, Actions: []control.Action{{Name: "greet"}}},
		{Instance: 1, Metrics: []control.Metric{{Name: "Heap", Value: new(3e9), Unit: "MiB"}}, Actions: []control.Action{{Name: "end"}, {Name: "watch", Type: "scoped"}}},
	}}
	var shown strings.Builder
	if err := Describe(&shown, app, Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"metrics of the program\n  Heap  0: 12.25 MiB, 1: 3e+09 MiB\n  Mood  0: good\\x1b[31m\n", "actions     end, greet\n"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is not in\n%s", want, shown.String())
		}
	}
}
