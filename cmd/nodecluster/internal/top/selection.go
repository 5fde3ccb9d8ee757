package top

import (
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
)

// order is what the applications are sorted by, as it is called here and as table.Sort has it: what draws attention comes first.
type order struct{ name, by string }

var orders = []order{
	{"name", "name"},
	{"cpu", "cpu:desc"},
	{"memory", "memory:desc"},
	{"lag", "lag:desc"},
	{"connections", "conns:desc"},
	{"restarts", "restarts:desc"},
}

// selection is which applications are in sight, in which order, and which one is selected.
type selection struct {
	all      []control.App
	shown    []control.App
	filter   string
	order    int // of orders
	selected string
}

// set takes the applications as they are now. The selected one stays selected.
func (s *selection) set(apps []control.App) {
	s.all = apps
	s.arrange()
}

// arrange filters and sorts. Where the selected application is gone, the one that was at its place is selected.
func (s *selection) arrange() {
	was := s.index()
	s.shown = nil
	for _, a := range s.all {
		if s.passes(&a) {
			s.shown = append(s.shown, a)
		}
	}
	for _, by := range []string{"name", orders[s.order].by} { // the name decides among those that are alike
		table.Sort(s.shown, by)
	}
	if s.index() < 0 {
		s.selectAt(was)
	}
}

func (s *selection) passes(a *control.App) bool {
	return s.filter == "" || strings.Contains(strings.ToLower(a.Name+" "+a.Namespace+" "+string(a.State)), strings.ToLower(s.filter))
}

// index is the place of the selected application, -1 if it is not in sight.
func (s *selection) index() int {
	return slices.IndexFunc(s.shown, func(a control.App) bool { return a.Name == s.selected })
}

// selectAt selects the application at a place, or the nearest one.
func (s *selection) selectAt(i int) {
	if len(s.shown) > 0 {
		s.selected = s.shown[min(max(0, i), len(s.shown)-1)].Name
	}
}

// app is the selected application, nil if there is none.
func (s *selection) app() *control.App {
	if i := s.index(); i >= 0 {
		return &s.shown[i]
	}
	return nil
}
