package eventlog

import (
	"io"
	"sync"
	"time"
)

const (
	// maxLogQueue is how many bytes of lines wait for a log that is read slowly, or not at all.
	maxLogQueue = 256 << 10
	// logPatience is how long the end of the program waits for such a log.
	logPatience = time.Second
)

// logQueue writes lines to a log that may be stuck, full or closed. What adds a line never waits: a line for which there is no room
// is dropped, and counted.
type logQueue struct {
	out  io.Writer
	told func(missing) []byte // the line that tells of dropped lines

	mu      sync.Mutex
	lines   [][]byte
	size    int // of lines, in bytes
	dropped int // after lines
	closed  bool

	arrival chan struct{}
	done    chan struct{}

	// What follows is the writer's.
	missing missing // before the next line
	torn    bool    // a line was written in part
}

// missing says how many lines of a log were dropped, and why.
type missing struct {
	lines int
	why   string
}

func newLogQueue(out io.Writer, told func(missing) []byte) *logQueue {
	q := &logQueue{out: out, told: told, arrival: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// add adds a line, which is the queue's from then on.
func (q *logQueue) add(line []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notify()
	// What comes after a dropped line is dropped too, so that all that is missing is missing in one place.
	if q.dropped > 0 || q.size+len(line) > maxLogQueue {
		q.dropped++
		return
	}
	q.lines = append(q.lines, line)
	q.size += len(line)
}

func (q *logQueue) notify() {
	select {
	case q.arrival <- struct{}{}:
	default:
	}
}

// close waits until all is written, but not long. It reports whether all is. No line may be added any more.
func (q *logQueue) close() bool {
	q.mu.Lock()
	q.closed = true
	q.notify()
	q.mu.Unlock()
	select {
	case <-q.done:
		return true
	case <-time.After(logPatience):
		return false
	}
}

func (q *logQueue) run() {
	defer close(q.done)
	for {
		lines, dropped, closed := q.take()
		for _, line := range lines {
			q.write(line)
		}
		if dropped > 0 {
			q.missing = missing{q.missing.lines + dropped, "standard error was not read"}
			q.tell()
		}
		switch {
		case lines != nil:
		case closed:
			q.tell()
			return
		default:
			<-q.arrival
		}
	}
}

// take takes all that waits.
func (q *logQueue) take() (lines [][]byte, dropped int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, dropped = q.lines, q.dropped
	q.lines, q.size, q.dropped = nil, 0, 0
	return lines, dropped, q.closed
}

// write writes a line by itself, so that it stays whole beside what others write to the same pipe.
func (q *logQueue) write(line []byte) {
	if !q.tell() {
		q.missing.lines++
		return
	}
	if err := q.put(line); err != nil {
		q.missing = missing{1, err.Error()}
	}
}

// tell tells of what is missing. It reports whether nothing is missing any more.
func (q *logQueue) tell() bool {
	if q.missing.lines == 0 {
		return true
	}
	if q.put(q.told(q.missing)) != nil {
		return false
	}
	q.missing = missing{}
	return true
}

func (q *logQueue) put(line []byte) error {
	if q.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := q.out.Write(line)
	if n > 0 {
		q.torn = n < len(line)
	}
	return err
}
