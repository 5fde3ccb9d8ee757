package table

import "github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"

// measured is what the workers measure themselves, as lines.
func (o Options) measured(workers []control.Worker) []string {
	list := facts{o: o}
	names, values := control.Measured(workers)
	for _, name := range names {
		list.add(usual, name, values[name])
	}
	if len(names) == 0 {
		return nil
	}
	return append([]string{o.in(title, "metrics of the program")}, list.lines()...)
}
