package logs

import "sync"

// maxQueue is how many bytes of lines wait for a file that is slow or full. The longest line has room, also as JSON.
const maxQueue = 4 << 20

// A queue has the lines that wait to be written. What adds a line never waits: one for which there is no room is dropped, and counted.
type queue struct {
	format format

	mu      sync.Mutex
	lines   []byte
	dropped int // after lines
	closed  bool

	arrival chan struct{}
	over    chan struct{} // is closed when no line is added any more
}

func newQueue(f format) *queue {
	return &queue{format: f, arrival: make(chan struct{}, 1), over: make(chan struct{})}
}

// add adds a line. The caller holds q.mu.
func (q *queue) add(before, text []byte, partial bool) {
	// What comes after a dropped line is dropped too, so that all that is missing is missing in one place.
	if q.dropped > 0 {
		q.dropped++
		return
	}
	n := len(q.lines)
	if q.lines = q.format.line(q.lines, before, text, partial); len(q.lines) > maxQueue {
		q.lines = q.lines[:n]
		q.dropped++
	}
}

// notify wakes who takes the lines.
func (q *queue) notify() {
	select {
	case q.arrival <- struct{}{}:
	default:
	}
}

// take takes all that waits, in exchange for a buffer for what comes, and how many lines are missing after it.
func (q *queue) take(buffer []byte) (lines []byte, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, dropped = q.lines, q.dropped
	q.lines, q.dropped = buffer[:0], 0
	return lines, dropped
}

// close says that no line is added any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.over)
		q.notify()
	}
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// waitingDropped is how many lines are missing after those that wait.
func (q *queue) waitingDropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return uint64(q.dropped)
}
