package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// order compares two applications by one thing.
type order func(a, b *control.App) int

// by is the order of what a function gives.
func by[T cmp.Ordered](value func(*control.App) T) order {
	return func(a, b *control.App) int { return cmp.Compare(value(a), value(b)) }
}

// orders are what applications can be sorted by: the columns of the list, and PM2's names of them.
var orders = map[string]order{
	"name":      by(func(a *control.App) string { return a.Name }),
	"namespace": by(func(a *control.App) string { return a.Namespace }),
	"state":     by(func(a *control.App) string { return string(a.State) }),
	"up":        by(func(a *control.App) int { return a.Ready }),
	"version":   by(func(a *control.App) string { return a.Version }),
	"restarts":  by(func(a *control.App) int { return a.Restarts }),
	"cpu":       by(func(a *control.App) float64 { return a.CPU }),
	"mem":       by(func(a *control.App) int64 { return a.Memory }),
	"lag":       by(lagOf),
	"conns":     by(func(a *control.App) int { return a.Connections }),
	"queue":     by(func(a *control.App) int { return a.Waiting }),
	"since":     func(a, b *control.App) int { return b.Since.Compare(a.Since) }, // the shortest time first
}

// pm2Orders are PM2's names.
var pm2Orders = map[string]string{
	"id": "name", "status": "state", "instances": "up", "memory": "mem", "uptime": "since", "created_at": "since",
}

func lagOf(a *control.App) float64 {
	if a.Lag == nil {
		return -1
	}
	return a.Lag.P99
}

// Sort sorts applications by a field, with ":asc", which is the default, or ":desc" behind it. Those that are alike stay in their order.
func Sort(apps []control.App, by string) error {
	field, direction, _ := strings.Cut(by, ":")
	if name, ok := pm2Orders[field]; ok {
		field = name
	}
	compare, ok := orders[field]
	if !ok {
		return fmt.Errorf("there is nothing to sort by that is called %s: use one of %s", field, strings.Join(slices.Sorted(maps.Keys(orders)), ", "))
	}
	sign := 1
	switch direction {
	case "", "asc":
	case "desc":
		sign = -1
	default:
		return fmt.Errorf("%s: use asc or desc", direction)
	}
	slices.SortStableFunc(apps, func(a, b control.App) int { return sign * compare(&a, &b) })
	return nil
}
