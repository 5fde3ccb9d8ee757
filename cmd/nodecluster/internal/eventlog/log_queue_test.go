package eventlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// gate is a log that takes a line only when it is let through.
type gate struct {
	asked   chan string
	answers chan error
}

func newGate() *gate { return &gate{asked: make(chan string), answers: make(chan error)} }

func (g *gate) Write(line []byte) (int, error) {
	g.asked <- string(line)
	if err := <-g.answers; err != nil {
		return 0, err
	}
	return len(line), nil
}

// pass lets lines through with an answer, and checks what they are.
func (g *gate) pass(t *testing.T, answer error, want ...string) {
	t.Helper()
	for _, line := range want {
		if got := <-g.asked; got != line {
			t.Errorf("the line is %.60q, want %.60q", got, line)
		}
		g.answers <- answer
	}
}

func note(m missing) []byte { return fmt.Appendf(nil, "%d: %s\n", m.lines, m.why) }

func TestQueueCountsWhatHasNoRoom(t *testing.T) {
	nodetest.NoLeaks(t)
	g := newGate()
	q := newLogQueue(g, note)
	q.add([]byte("first\n"))
	if got := <-g.asked; got != "first\n" {
		t.Fatalf("the line is %q", got)
	}
	half := strings.Repeat("x", maxLogQueue/2)
	for _, line := range []string{half, half, "dropped\n", "dropped\n", "dropped\n"} {
		q.add([]byte(line))
	}
	g.answers <- nil
	g.pass(t, nil, half, half, "3: standard error was not read\n")
	q.add([]byte("last\n"))
	g.pass(t, nil, "last\n")
	if !q.close() {
		t.Error("not all is written")
	}
}

func TestQueueTellsOfErrors(t *testing.T) {
	nodetest.NoLeaks(t)
	g := newGate()
	q := newLogQueue(g, note)
	full := errors.New("full")
	q.add([]byte("one\n"))
	g.pass(t, full, "one\n")
	q.add([]byte("two\n"))
	g.pass(t, full, "1: full\n")
	q.add([]byte("three\n"))
	g.pass(t, nil, "2: full\n", "three\n")
	q.add([]byte("four\n"))
	g.pass(t, full, "four\n")
	done := make(chan bool)
	go func() { done <- q.close() }()
	g.pass(t, nil, "1: full\n")
	if !<-done {
		t.Error("not all is written")
	}
}

// tearing writes half of the first line.
type tearing struct{ written strings.Builder }

func (w *tearing) Write(line []byte) (int, error) {
	if w.written.Len() == 0 {
		n, _ := w.written.Write(line[:len(line)/2])
		return n, errors.New("full")
	}
	return w.written.Write(line)
}

func TestQueueBeginsALineAfterATornOne(t *testing.T) {
	nodetest.NoLeaks(t)
	var log tearing
	q := newLogQueue(&log, note)
	q.add([]byte("first\n"))
	q.add([]byte("second\n"))
	q.close()
	if got, want := log.written.String(), "fir\n1: full\nsecond\n"; got != want {
		t.Errorf("the log is %q, want %q", got, want)
	}
}

func TestQueueDoesNotWaitLong(t *testing.T) {
	nodetest.NoLeaks(t)
	g := newGate()
	q := newLogQueue(g, note)
	q.add([]byte("first\n"))
	if q.close() {
		t.Error("all is written, it says")
	}
	g.pass(t, nil, "first\n")
	<-q.done
}
