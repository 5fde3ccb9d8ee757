package top

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// order is what the applications are sorted by.
type order struct {
	name string
	// compare puts what draws attention first; nil is by name.
	compare func(a, b *control.App) int
}

var orders = []order{
	{"name", nil},
	{"cpu", func(a, b *control.App) int { return cmp.Compare(b.CPU, a.CPU) }},
	{"memory", func(a, b *control.App) int { return cmp.Compare(b.Memory, a.Memory) }},
	{"lag", func(a, b *control.App) int { return cmp.Compare(lag(b), lag(a)) }},
	{"connections", func(a, b *control.App) int { return cmp.Compare(b.Connections, a.Connections) }},
	{"restarts", func(a, b *control.App) int { return cmp.Compare(b.Restarts, a.Restarts) }},
}

func lag(a *control.App) float64 {
	if a.Lag == nil {
		return -1
	}
	return a.Lag.P99
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
	slices.SortStableFunc(s.shown, func(a, b control.App) int {
		if compare := orders[s.order].compare; compare != nil {
			if c := compare(&a, &b); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Name, b.Name)
	})
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
