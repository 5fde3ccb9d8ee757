//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// finished is a test that has run, or could not.
type finished struct {
	result *result
	err    error
}

// runAll runs tests, beside each other where they may be, and reports them in their order.
func (r *runner) runAll(ctx context.Context, tests []*test, report *report, run func(t *test, thread int) (*result, error)) error {
	done := make([]chan finished, len(tests))
	for i := range done {
		done[i] = make(chan finished, 1)
	}
	finish := func(i, thread int) {
		res, err := run(tests[i], thread)
		done[i] <- finished{res, err}
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() {
		r.runBeside(tests, finish)
		r.runAlone(tests, finish)
	})
	for i, t := range tests {
		f := <-done[i]
		if f.err != nil {
			return fmt.Errorf("%s: %w", t.name, f.err)
		}
		if ctx.Err() == nil {
			report.add(f.result)
		}
	}
	return nil
}

// runBeside finishes the tests that may run beside others, as many at once as there are jobs.
func (r *runner) runBeside(tests []*test, finish func(i, thread int)) {
	next := make(chan int)
	var jobs sync.WaitGroup
	for thread := range r.jobs {
		jobs.Go(func() {
			for i := range next {
				finish(i, thread)
			}
		})
	}
	for i, t := range tests {
		if !t.sequential() {
			next <- i
		}
	}
	close(next)
	jobs.Wait()
}

// runAlone finishes the tests that cannot run beside others, which have ports of their own: no other run on this machine
// may be at such a test then either.
func (r *runner) runAlone(tests []*test, finish func(i, thread int)) {
	unix.Flock(int(r.alone.Fd()), unix.LOCK_EX)
	defer unix.Flock(int(r.alone.Fd()), unix.LOCK_UN)
	for i, t := range tests {
		if t.sequential() {
			finish(i, 0)
		}
	}
}
