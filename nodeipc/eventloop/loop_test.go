//go:build unix

package eventloop

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestPostRunsInOrder(t *testing.T) {
	l := newLoop(t)
	var got []int
	for i := range 1000 {
		if !l.Post(func() { got = append(got, i) }) {
			t.Fatal("Post on an open loop said false")
		}
	}
	if err := l.Call(func() {}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1000 || !slices.IsSorted(got) {
		t.Fatalf("ran %d functions, sorted: %v", len(got), slices.IsSorted(got))
	}
}

// A wake-up that is lost would leave a Call waiting for ever.
func TestEveryPostWakesTheLoop(t *testing.T) {
	l := newLoop(t)
	var posters sync.WaitGroup
	var ran atomic.Int64
	const each, posting = 5000, 4
	for range posting {
		posters.Go(func() {
			for range each {
				if err := l.Call(func() { ran.Add(1) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	nodetest.Await(t, posters.Wait, "end of all calls")
	if n := ran.Load(); n != posting*each {
		t.Errorf("%d of %d functions ran", n, posting*each)
	}
}

func TestPostWithinTheLoop(t *testing.T) {
	l := newLoop(t)
	ran := make(chan int, 2)
	l.Post(func() {
		l.Post(func() { ran <- 2 })
		ran <- 1
	})
	if first, second := nodetest.Receive(t, ran, "first"), nodetest.Receive(t, ran, "second"); first != 1 || second != 2 {
		t.Errorf("ran %d, %d", first, second)
	}
}

func TestDeferRunsAtTheEndOfTheBatch(t *testing.T) {
	l := newLoop(t)
	var got []string
	release := hold(t, l)
	l.Post(func() {
		l.Defer(func() {
			got = append(got, "deferred")
			l.Defer(func() { got = append(got, "deferred by deferred") })
		})
	})
	l.Post(func() { got = append(got, "posted after") })
	release()
	if err := l.Call(func() {}); err != nil {
		t.Fatal(err)
	}
	if err := l.Call(func() {}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"posted after", "deferred", "deferred by deferred"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCloseRunsWhatWasPosted(t *testing.T) {
	l := newLoop(t)
	var ran atomic.Int64
	release := hold(t, l)
	for range 100 {
		l.Post(func() { ran.Add(1) })
	}
	release()
	l.Close()
	if ran.Load() != 100 {
		t.Errorf("%d of 100 ran", ran.Load())
	}
}

func TestClosedLoop(t *testing.T) {
	l := newLoop(t)
	near, _ := pair(t)
	l.Close()
	l.Close()
	if l.Post(func() { t.Error("ran") }) {
		t.Error("Post said true")
	}
	if err := l.Call(func() { t.Error("ran") }); !errors.Is(err, ErrClosed) {
		t.Errorf("Call: %v", err)
	}
	if err := l.Add(near, Readable, sourceFunc(func(Events) { t.Error("ready") })); !errors.Is(err, ErrClosed) {
		t.Errorf("Add: %v", err)
	}
	if err := l.SetInterest(near, Readable); err != nil {
		t.Errorf("SetInterest: %v", err)
	}
	l.Rearm(near)
	l.Remove(near)
}

// What Post says is true: a function runs exactly when it said so, also while others close the loop.
func TestPostCallCloseRaces(t *testing.T) {
	nodetest.NoLeaks(t)
	for range 200 {
		l, err := New()
		if err != nil {
			t.Fatal(err)
		}
		var accepted, ran atomic.Int64
		var users sync.WaitGroup
		begin := make(chan struct{})
		for range 2 {
			users.Go(func() {
				<-begin
				for range 20 {
					if l.Post(func() { ran.Add(1) }) {
						accepted.Add(1)
					}
				}
			})
			users.Go(func() {
				<-begin
				for range 20 {
					if err := l.Call(func() { ran.Add(1) }); err == nil {
						accepted.Add(1)
					} else if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				}
			})
			users.Go(func() { <-begin; l.Close() })
		}
		close(begin)
		nodetest.Await(t, users.Wait, "end of all calls")
		if accepted.Load() != ran.Load() {
			t.Fatalf("%d accepted, %d ran", accepted.Load(), ran.Load())
		}
	}
}

// What any goroutine leaves for later runs at the end of the batch, after what the batch has deferred, and there is no later outside a batch.
func TestLater(t *testing.T) {
	l := newLoop(t)
	if l.Later(func() { t.Error("it ran") }) {
		t.Error("there is a batch in which nothing happens")
	}
	near, far := pair(t)
	var order []string
	done := make(chan struct{})
	if err := l.Add(near, Readable, sourceFunc(func(Events) {
		l.Remove(near)
		other := make(chan struct{})
		go func() {
			defer close(other)
			if !l.Later(func() { order = append(order, "later"); close(done) }) {
				t.Error("there is no batch")
			}
		}()
		<-other
		l.Defer(func() { order = append(order, "deferred") })
		order = append(order, "ready")
	})); err != nil {
		t.Fatal(err)
	}
	write(t, far, "x")
	<-done
	if got := strings.Join(order, " "); got != "ready deferred later" {
		t.Errorf("the order is %s", got)
	}
}
