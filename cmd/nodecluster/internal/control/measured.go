package control

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// String is the value of a metric of the program's own, with its unit.
func (m Metric) String() string {
	text := m.Text
	if m.Value != nil {
		text = strconv.FormatFloat(*m.Value, 'g', 6, 64)
	}
	return strings.TrimSpace(text + " " + m.Unit)
}

// Measured are the metrics of the program's own by their names, each with its value in each worker, as "0: 12 MiB, 1: 14 MiB".
func Measured(workers []Worker) (names []string, values map[string]string) {
	all := map[string][]string{}
	for i := range workers {
		for _, m := range workers[i].Metrics {
			all[m.Name] = append(all[m.Name], fmt.Sprintf("%d: %s", workers[i].Instance, m))
		}
	}
	values = map[string]string{}
	for name, each := range all {
		values[name] = strings.Join(each, ", ")
	}
	return slices.Sorted(maps.Keys(all)), values
}

// ActionNames are the names of all actions that can be triggered.
func ActionNames(workers []Worker) (names []string) {
	for i := range workers {
		for _, a := range workers[i].Actions {
			if a.Type != "scoped" && !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
