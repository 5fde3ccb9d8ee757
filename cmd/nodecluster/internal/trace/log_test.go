package trace

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// gate is a writer that takes nothing before it is opened.
type gate struct {
	open    chan struct{}
	mu      sync.Mutex
	written strings.Builder
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.written.Write(b)
}

// TestLogIsBounded: who adds lines waits for a writer that does not take them, and none is lost or out of order.
func TestLogIsBounded(t *testing.T) {
	nodetest.NoLeaks(t)
	g := &gate{open: make(chan struct{})}
	l := newLog(g, textFormat{})
	line := strings.Repeat("x", 1000) + "\n"
	const lines = 4 * maxWaiting / 1000
	added := make(chan struct{})
	go func() {
		defer close(added)
		at := time.Now()
		for i := range lines {
			l.add(at.Add(-time.Duration(i)*time.Second), []byte(line))
		}
	}()
	select {
	case <-added:
		t.Error("all lines were taken")
	case <-time.After(100 * time.Millisecond):
	}
	close(g.open)
	<-added
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	last := ""
	n := 0
	for line := range strings.Lines(g.written.String()) {
		stamp, _, _ := strings.Cut(line, " ")
		if stamp < last {
			t.Fatalf("%s comes after %s", stamp, last)
		}
		last = stamp
		n++
	}
	if n != lines {
		t.Errorf("%d lines were written, want %d", n, lines)
	}
}

// TestLogWhileTheClockIsSetBack: a moment that is later by the monotonic clock is later in the log.
func TestLogWhileTheClockIsSetBack(t *testing.T) {
	nodetest.NoLeaks(t)
	g := &gate{open: make(chan struct{})}
	close(g.open)
	l := newLog(g, textFormat{})
	begun := l.last
	l.add(begun.Add(2*time.Second), []byte("first\n"))
	l.add(setBack(begun.Add(3*time.Second), 10*time.Second), []byte("second\n"))
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	var want []byte
	want = append(textFormat{}.stamp(want, begun.Add(2*time.Second)), "first\n"...)
	want = append(textFormat{}.stamp(want, begun.Add(3*time.Second)), "second\n"...)
	if got := g.written.String(); got != string(want) {
		t.Errorf("the log is\n%swant\n%s", got, want)
	}
}

// setBack is the same moment of the monotonic clock as t, as read from a wall clock that has been set back by d, in whole seconds.
func setBack(t time.Time, d time.Duration) time.Time {
	const secondsShift = 30 // package time keeps the wall clock's seconds above its nanoseconds
	*(*uint64)(unsafe.Pointer(&t)) -= uint64(d/time.Second) << secondsShift
	return t
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

// TestLogThatFails holds nobody up.
func TestLogThatFails(t *testing.T) {
	nodetest.NoLeaks(t)
	l := newLog(failing{}, textFormat{})
	for range 10 * maxWaiting / 1000 {
		l.add(time.Now(), make([]byte, 1000))
	}
	if err := l.close(); err == nil || err.Error() != "full" {
		t.Errorf("the error is %v", err)
	}
}
