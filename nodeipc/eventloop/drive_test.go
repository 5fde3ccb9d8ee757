//go:build unix

package eventloop

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Callers of Drive and the loop's own goroutine take turns: what runs on the loop needs no lock, which -race checks.
func TestDriversTakeTurns(t *testing.T) {
	l := newLoop(t)
	var onLoop, ran int
	const each, drivers = 300, 3
	var users sync.WaitGroup
	for range drivers {
		users.Go(func() {
			for range each {
				done := false
				l.Post(func() { onLoop++; done = true; ran++ })
				if !l.Drive(func() bool { return done }) {
					l.Call(func() { onLoop++ })
				}
			}
		})
		users.Go(func() {
			for range each {
				l.Call(func() { onLoop++ })
			}
		})
	}
	nodetest.Await(t, users.Wait, "end of all who use the loop")
	l.Call(func() {
		if ran != each*drivers {
			t.Errorf("%d of %d functions ran", ran, each*drivers)
		}
	})
}

func TestADriverHearsItsDescriptors(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	heard := 0
	l.Add(near, Readable, sourceFunc(func(Events) { heard++; readAll(near) }))
	for i := range 100 {
		write(t, far, "x")
		if !l.Drive(func() bool { return heard > i }) {
			t.Fatal("Drive said false")
		}
	}
}

// A caller that comes back at the moment at which the loop's own goroutine goes on drives all the same.
func TestADriverComesBackAsTheLoopGoesOn(t *testing.T) {
	l := newLoop(t)
	for range 1000 {
		l.Drive(func() bool { return true })
		l.Resume()
		if !l.Drive(func() bool { return true }) {
			t.Fatal("Drive said false")
		}
	}
}

// A caller that has left a loop for good does not keep it.
func TestALoopGoesOnWithoutItsDriver(t *testing.T) {
	for name, left := range map[string]func(*Loop){"by itself": func(*Loop) {}, "at once": (*Loop).Resume} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			near, far := pair(t)
			calls := make(chan Events, 1)
			l.Add(near, Readable, sourceFunc(func(e Events) { l.Remove(near); calls <- e }))
			if !l.Drive(func() bool { return true }) {
				t.Fatal("Drive said false")
			}
			left(l)
			write(t, far, "x")
			nodetest.Receive(t, calls, "event")
		})
	}
}

func TestOneDrivesAtATime(t *testing.T) {
	l := newLoop(t)
	var over atomic.Bool
	inside, left := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(left)
		if !l.Drive(func() bool {
			select {
			case inside <- struct{}{}:
			default:
			}
			return over.Load()
		}) {
			t.Error("Drive said false")
		}
	}()
	nodetest.Receive(t, inside, "driver")
	if l.Drive(func() bool { return true }) {
		t.Error("two drove at once")
	}
	over.Store(true)
	l.Wake()
	nodetest.Receive(t, left, "end of driving")
}

func TestCloseEndsDriving(t *testing.T) {
	for range 100 {
		l := newLoop(t)
		left := make(chan struct{})
		go func() {
			defer close(left)
			l.Drive(func() bool { return false })
		}()
		var ran atomic.Bool
		l.Post(func() { ran.Store(true) })
		l.Close()
		nodetest.Receive(t, left, "end of driving")
		if !ran.Load() {
			t.Error("Close did not run what was posted")
		}
		if l.Drive(func() bool { return false }) {
			t.Error("a closed loop was driven")
		}
	}
}
