//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// spin starts the processes that take CPU beside what is measured, until stop is called.
func (b *bench) spin(ctx context.Context) (stop func(), err error) {
	var spinning []*measure.Program
	stop = func() {
		for _, p := range spinning {
			p.End()
		}
	}
	for range b.options.spin {
		p, err := measure.Start(ctx, []string{"sh", "-c", "while :; do :; done"})
		if err != nil {
			stop()
			return nil, err
		}
		spinning = append(spinning, p)
	}
	return stop, nil
}

// besideSpinning says in a table that processes spin beside what is measured.
func besideSpinning(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %s beside", plural(n, "process that spins", "processes that spin"))
}
