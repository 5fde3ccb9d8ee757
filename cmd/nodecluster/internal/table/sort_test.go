package table

import (
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

func TestSort(t *testing.T) {
	all := []control.App{
		{Name: "b", State: control.Stopped, Since: ago(time.Hour), Usage: control.Usage{Memory: 2}},
		{Name: "a", State: control.Online, Since: ago(time.Minute), Usage: control.Usage{Memory: 1, Lag: &control.Lag{P99: 3}}},
		{Name: "c", State: control.Stopped, Since: ago(time.Second), Usage: control.Usage{Memory: 3, Lag: &control.Lag{P99: 1}}},
	}
	for by, want := range map[string]string{
		"name": "abc", "id:asc": "abc", "name:desc": "cba", "mem": "abc", "memory:desc": "cba", "status": "abc", "since": "cab", "uptime:desc": "bac",
		"lag:desc": "acb",
	} {
		apps := append([]control.App(nil), all...)
		if err := Sort(apps, by); err != nil {
			t.Errorf("%s: %v", by, err)
		}
		got := ""
		for _, a := range apps {
			got += a.Name
		}
		if got != want {
			t.Errorf("by %s it is %s, want %s", by, got, want)
		}
	}
	for by, want := range map[string]string{"": "use one of conns, cpu", "size": "use one of", "name:up": "use asc or desc"} {
		if err := Sort(all, by); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("by %q: %v, want %s", by, err, want)
		}
	}
}
