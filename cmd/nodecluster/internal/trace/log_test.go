package trace

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

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
