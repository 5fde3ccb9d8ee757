//go:build !portable

package eventloop

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// sleeper is a delay that lasts until it is ended.
type sleeper struct{ begun, end chan struct{} }

func newSleeper() sleeper { return sleeper{make(chan struct{}), make(chan struct{})} }

func (s sleeper) sleep() {
	s.begun <- struct{}{}
	<-s.end
}

// What comes in a delay is heard at once, and no delay follows that is not asked for.
func TestBatching(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	s, sizes := newSleeper(), make(chan int, 100)
	delays := true
	err := l.Call(func() {
		l.Add(near, Readable, sourceFunc(func(Events) {
			delays = false
			sizes <- len(readAll(near))
			l.Remove(near) // its end is an event too, over and over
		}))
		l.SetBatching(func() bool { return delays })
		l.sleep = s.sleep
	})
	if err != nil {
		t.Fatal(err)
	}
	nodetest.Receive(t, s.begun, "delay")
	const answers = 10
	for range answers {
		write(t, far, "x")
	}
	select {
	case n := <-sizes:
		t.Errorf("%d answers were heard in the delay", n)
	default:
	}
	s.end <- struct{}{}
	if n := nodetest.Receive(t, sizes, "answers"); n != answers {
		t.Errorf("%d answers at once, want %d", n, answers)
	}
}

// What is posted is not kept waiting by a delay that has not begun.
func TestNoDelayBeforeWhatIsPosted(t *testing.T) {
	l := newLoop(t)
	ran := make(chan struct{})
	l.Call(func() {
		l.SetBatching(func() bool { return true })
		l.sleep = func() { t.Error("it sleeps") }
		l.Post(func() {
			l.SetBatching(nil)
			close(ran)
		})
	})
	nodetest.Receive(t, ran, "what was posted")
}

// The delay that the system gives ends by itself.
func TestShortSleep(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	heard := make(chan Events, 1)
	l.Call(func() {
		l.Add(near, Readable, sourceFunc(func(e Events) { l.Remove(near); heard <- e }))
		l.SetBatching(func() bool { return true })
	})
	write(t, far, "x")
	nodetest.Receive(t, heard, "event")
}
