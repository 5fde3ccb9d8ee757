//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// settle is how long to wait after a reload, in which clients see what it has left.
const settle = 500 * time.Millisecond

// period is a reload, from its request to its end.
type period struct{ began, ended time.Duration }

func (p period) took() time.Duration { return p.ended - p.began }

// turn loads a contender, reloads it and gives what the clients saw. The error is what ended it early: of a reload, if there are figures.
func (m *measurement) turn(ctx context.Context, c contender) (*result, error) {
	folder, err := os.MkdirTemp(m.folder, "turn")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	p, err := m.newPlace(folder)
	if err != nil {
		return nil, err
	}
	s, err := c.start(ctx, m, p)
	if err != nil {
		return nil, err
	}
	defer s.end()
	l := startLoad(ctx, p.address, m.options)
	defer l.stop()
	if err := sleep(ctx, m.options.warmUp+time.Duration(m.options.seconds)*time.Second); err != nil {
		return nil, err
	}
	reloads, failure := reloadAll(ctx, s, l, m.options.reloads)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	answered, failed := l.stop()
	r := &result{contender: c, figures: newFigures(answered, failed, reloads, m.options.warmUp)}
	if len(reloads) > 0 {
		r.timeline = newTimeline(answered, failed, reloads[0])
	}
	return r, failure
}

// reloadAll reloads one time after the other, and ends at the first error.
func reloadAll(ctx context.Context, s server, l *load, n int) (reloads []period, err error) {
	for i := range n {
		began := l.now()
		if err := s.reload(); err != nil {
			return reloads, fmt.Errorf("reload %d of %d: %w", i+1, n, err)
		}
		reloads = append(reloads, period{began, l.now()})
		if err := sleep(ctx, settle); err != nil {
			return reloads, err
		}
	}
	return reloads, nil
}
