package nodetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// NoLeaks fails the test if, at its end, there are goroutines that were not
// there at the call or, on Linux, file descriptors that were not open at the
// call; it waits up to 5 s for them to go, and then lists the stack of each
// goroutine and what each descriptor refers to. Call it first, so that it
// looks after all other cleanups of the test. It watches the whole process:
// use it in no test that runs in parallel with others.
//
// Go keeps the pipes of io.Copy between two sockets for later use; they count
// as leaks.
func NoLeaks(tb testing.TB) {
	tb.Helper()
	noLeaks(tb, 5*time.Second)
}

func noLeaks(tb testing.TB, patience time.Duration) {
	tb.Helper()
	if err := warmUp(); err != nil {
		tb.Fatalf("nodetest: %v", err)
	}
	goroutines := goleak.IgnoreCurrent()
	before, err := openFDs()
	if err != nil {
		tb.Fatalf("nodetest: list the open file descriptors: %v", err)
	}
	tb.Cleanup(func() {
		tb.Helper()
		left := waitForNone(patience, func() []string { return leaks(goroutines, before) })
		if len(left) > 0 {
			tb.Errorf("nodetest: left behind after %v:\n%s", patience, strings.Join(left, "\n"))
		}
	})
}

// waitForNone repeats list until it gives nothing or the time is over, and
// gives what list gave last.
func waitForNone(patience time.Duration, list func() []string) []string {
	over := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		left := list()
		if len(left) == 0 {
			return nil
		}
		select {
		case <-over:
			return left
		case <-again.C:
		}
	}
}

func leaks(goroutines goleak.Option, before map[int]string) []string {
	var left []string
	if err := goleak.Find(goroutines); err != nil {
		left = append(left, err.Error())
	}
	now, err := openFDs()
	if err != nil {
		return append(left, fmt.Sprintf("cannot list the open file descriptors: %v", err))
	}
	for _, fd := range slices.Sorted(maps.Keys(now)) {
		if before[fd] != now[fd] {
			left = append(left, fmt.Sprintf("file descriptor %d: %s", fd, now[fd]))
		}
	}
	return left
}
