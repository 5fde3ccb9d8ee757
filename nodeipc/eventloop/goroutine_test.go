//go:build unix

package eventloop

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// onLoop runs f on a loop in each of the ways in which a loop runs functions.
func onLoop(t *testing.T, f func(t *testing.T, l *Loop)) {
	for name, run := range map[string]func(*Loop, func()){
		"posted":   func(l *Loop, f func()) { l.Post(f) },
		"deferred": func(l *Loop, f func()) { l.Post(func() { l.Defer(f) }) },
		"called":   func(l *Loop, f func()) { l.Call(f) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			runs := func(f func()) { run(l, f) }
			await(t, runs, func() { f(t, l) })
		})
	}
	t.Run("of a source", func(t *testing.T) {
		l := newLoop(t)
		near, far := pair(t)
		await(t, func(f func()) {
			l.Add(near, Readable, sourceFunc(func(Events) { l.Remove(near); f() }))
			write(t, far, "x")
		}, func() { f(t, l) })
	})
}

// await has f run, and waits until it has.
func await(t *testing.T, run func(func()), f func()) {
	t.Helper()
	ran := make(chan struct{})
	run(func() { defer close(ran); f() })
	nodetest.Receive(t, ran, "end of the function")
}

func TestCallOnTheLoop(t *testing.T) {
	onLoop(t, func(t *testing.T, l *Loop) {
		ran := 0
		l.Post(func() {
			if ran != 2 {
				t.Errorf("what was posted before ran after %d calls, want 2", ran)
			}
		})
		err := l.Call(func() {
			ran++
			l.Call(func() { ran++ })
		})
		if err != nil || ran != 2 {
			t.Errorf("%d of two functions ran within Call: %v", ran, err)
		}
	})
}

func TestCloseOnTheLoop(t *testing.T) {
	onLoop(t, func(t *testing.T, l *Loop) {
		defer func() {
			if text, _ := recover().(string); !strings.HasPrefix(text, "eventloop: Close of a loop by a function that the loop runs") {
				t.Errorf("panic %q", text)
			}
		}()
		l.Close()
		t.Error("Close returned")
	})
}

func TestIsCurrent(t *testing.T) {
	onLoop(t, func(t *testing.T, l *Loop) {
		if !l.IsCurrent() {
			t.Error("a function that the loop runs is not on it")
		}
		other, err := New()
		if err != nil {
			t.Error(err)
			return
		}
		defer other.Close()
		if other.IsCurrent() {
			t.Error("a function that one loop runs is on another")
		}
		err = other.Call(func() {
			if l.IsCurrent() || !other.IsCurrent() {
				t.Error("a function that is called on another loop is not on that alone")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	if l := newLoop(t); l.IsCurrent() {
		t.Error("the test is on a loop")
	}
}

// The goroutine of a caller of Drive is known within Known, and only there.
func TestIsCurrentInDrive(t *testing.T) {
	l := newLoop(t)
	posted, ran := false, false
	f := func() {
		if l.IsCurrent() {
			t.Error("the goroutine of a caller of Drive is known")
		}
		l.Known(func() {
			if !l.IsCurrent() {
				t.Error("the goroutine is not known within Known")
			}
			if err := l.Call(func() { ran = true }); err != nil {
				t.Error(err)
			}
		})
		if l.IsCurrent() {
			t.Error("the goroutine of a caller of Drive is known after Known")
		}
	}
	drove := l.Drive(func() bool {
		if !posted {
			posted = true
			l.Post(f)
		}
		return ran
	})
	if !drove || !ran {
		t.Errorf("Drive said %v, and Call ran its function: %v", drove, ran)
	}
	onLoopAgain := false
	l.Call(func() { onLoopAgain = l.IsCurrent() })
	if !onLoopAgain {
		t.Error("the loop's own goroutine is not known any more")
	}
}
