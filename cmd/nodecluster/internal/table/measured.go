package table

import (
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// measured is what the workers measure themselves, and the actions that they have, as lines.
func (o Options) measured(workers []control.Worker) (lines []string) {
	list := facts{o: o}
	names, values := control.Measured(workers)
	for _, name := range names {
		list.add(usual, name, values[name])
	}
	if len(names) > 0 {
		lines = append([]string{o.in(title, "metrics of the program")}, list.lines()...)
	}
	if actions := control.ActionNames(workers); len(actions) > 0 {
		list = facts{o: o}
		list.add(usual, "actions", strings.Join(actions, ", "))
		lines = append(lines, list.lines()...)
	}
	return lines
}
