package trace

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// maxWaiting is how many bytes of lines may wait to be written before what they are about waits too.
const maxWaiting = 1 << 20

// format is a way of writing what happens. Each method gives a line without the time, which stamp begins it with.
type format interface {
	stamp(line []byte, at time.Time) []byte
	started(*channel) []byte
	message(*channel, *message) []byte
	ended(*channel, *ending) []byte
	exited(*channel, tracing.Exit) []byte
	note(string) []byte
}

// log writes lines in the order in which they come. A goroutine that has added a line knows that the line is older than what it does next.
type log struct {
	format format
	out    io.Writer
	done   chan struct{}

	mu      sync.Mutex
	changed sync.Cond
	waiting []byte
	last    time.Time
	closed  bool
	err     error // of writing
}

func newLog(out io.Writer, f format) *log {
	l := &log{format: f, out: out, done: make(chan struct{}), last: time.Now()}
	l.changed.L = &l.mu
	go l.write()
	return l
}

// add writes a line soon. No line is older than the one before, also where the system's clock is set back meanwhile: a line's
// time is that of the log's start, moved on by what the monotonic clock says has passed.
func (l *log) add(at time.Time, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > maxWaiting && l.err == nil {
		l.changed.Wait()
	}
	if l.err != nil {
		return
	}
	l.last = l.last.Add(max(at.Sub(l.last), 0))
	l.waiting = append(l.format.stamp(l.waiting, l.last), line...)
	l.changed.Broadcast()
}

// note writes a line of the tracer's own.
func (l *log) note(format string, args ...any) {
	l.add(time.Now(), l.format.note(fmt.Sprintf(format, args...)))
}

func (l *log) write() {
	defer close(l.done)
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []byte
	for {
		for len(l.waiting) == 0 {
			if l.closed || l.err != nil {
				return
			}
			l.changed.Wait()
		}
		lines, l.waiting = l.waiting, lines[:0]
		l.changed.Broadcast()
		l.mu.Unlock()
		_, err := l.out.Write(lines)
		l.mu.Lock()
		if err != nil {
			l.err, l.waiting = err, nil
			l.changed.Broadcast()
		}
	}
}

// close writes what waits and says what kept a line from being written.
func (l *log) close() error {
	l.mu.Lock()
	l.closed = true
	l.changed.Broadcast()
	l.mu.Unlock()
	<-l.done
	return l.err
}
