package nodetest

import (
	"context"
	"testing"
	"time"
)

// Patience is how long a test waits for what must happen: it only keeps a test
// from hanging, so that a busy machine with the race detector must not reach it.
const Patience = 3 * time.Minute

// Context gives a context that ends with the test, and after [Patience] at the
// latest.
func Context(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	tb.Cleanup(cancel)
	return ctx
}

// Receive gives what comes on c, or the zero value when c is closed. The test
// ends with a failure that says what is missing when nothing comes within
// [Patience].
func Receive[T any](tb testing.TB, c <-chan T, what string) T {
	tb.Helper()
	return receiveWithin(tb, Patience, c, what)
}

func receiveWithin[T any](tb testing.TB, patience time.Duration, c <-chan T, what string) (v T) {
	tb.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v = <-c:
	case <-timer.C:
		tb.Fatalf("nodetest: no %s within %v", what, patience)
	}
	return v
}

// Await waits until f returns, and ends the test with a failure that says what
// is missing when it does not within [Patience].
func Await(tb testing.TB, f func(), what string) {
	tb.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	Receive(tb, done, what)
}
