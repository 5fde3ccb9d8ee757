package logs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// retryPause is how long a sink waits after something could not be written.
	retryPause = 250 * time.Millisecond
	// endPatience is how long an end, a reopening and a flush wait for a file that is slow.
	endPatience = 2 * time.Second
	// keptBuffer is how large a buffer stays that is not full any more.
	keptBuffer = 256 << 10
)

// target is what lines are written to. Its methods are called on the sink's goroutine, but for interrupt.
type target interface {
	// write writes lines, and says how many bytes of whole lines have been written.
	write(lines []byte) (int, error)
	reopen() error
	flush() error
	// interrupt ends a write that is stuck, as far as possible.
	interrupt()
	close() error
}

// A sink writes the lines of a queue to a target that may be stuck, full or gone.
type sink struct {
	*queue
	target   target
	requests chan func()
	done     chan struct{}

	written, lost atomic.Uint64 // lines; those that wait are neither

	// What follows is the sink's goroutine's.
	taken   []byte // the buffer of rest
	rest    []byte // is to be written
	dropped int    // lines after rest
	why     string // nothing could be written since something was told the last time
	err     error  // of the end
}

func newSink(t target, f format) *sink {
	s := &sink{queue: newQueue(f), target: t, requests: make(chan func()), done: make(chan struct{})}
	go s.run()
	return s
}

func (s *sink) run() {
	defer close(s.done)
	for {
		isEmpty := s.writeAll()
		if s.isClosed() {
			s.finish()
			return
		}
		s.await(isEmpty)
	}
}

// finish is for the end: what cannot be written now is lost.
func (s *sink) finish() {
	if !s.writeAll() {
		lines, dropped := s.take(nil)
		n := countLines(s.rest) + countLines(lines) + dropped
		s.lost.Add(uint64(n))
		s.err = fmt.Errorf("%s of the log lost: %s", countOf(n+s.dropped), s.why)
	}
	s.err = cmp.Or(s.err, s.target.close())
}

// await waits for something to do: for lines, or, if something could not be written, for a while.
func (s *sink) await(isEmpty bool) {
	arrival, retry := s.arrival, (<-chan time.Time)(nil)
	if !isEmpty {
		timer := time.NewTimer(retryPause)
		defer timer.Stop()
		arrival, retry = s.over, timer.C
	}
	select {
	case <-arrival:
	case <-retry:
	case do := <-s.requests:
		do()
	}
}

// writeAll writes what there is. It reports whether all is written.
func (s *sink) writeAll() bool {
	for {
		if !s.write() || !s.tell() {
			return false
		}
		if cap(s.taken) > keptBuffer && len(s.taken) < keptBuffer {
			s.taken = nil
		}
		s.taken, s.dropped = s.take(s.taken)
		s.rest = s.taken
		s.lost.Add(uint64(s.dropped))
		if len(s.rest) == 0 && s.dropped == 0 {
			return true
		}
	}
}

// write writes the rest, and reports whether it could.
func (s *sink) write() bool {
	if len(s.rest) == 0 {
		return true
	}
	n, err := s.target.write(s.rest)
	s.written.Add(uint64(countLines(s.rest[:n])))
	if s.rest = s.rest[n:]; err != nil {
		s.why = reason(err)
	}
	return len(s.rest) == 0
}

// tell tells in the log of what is missing, and reports whether it could.
func (s *sink) tell() bool {
	if s.dropped == 0 {
		return true
	}
	text := countOf(s.dropped) + " lost: " + cmp.Or(s.why, "they came faster than they were written")
	note := s.format.line(nil, s.format.before(nil, time.Now(), source{stream: streamNote}), []byte(text), false)
	if n, err := s.target.write(note); n < len(note) {
		s.why = reason(err)
		return false
	}
	s.dropped, s.why = 0, ""
	return true
}

func countOf(lines int) string {
	if lines == 1 {
		return "1 line"
	}
	return strconv.Itoa(lines) + " lines"
}

// do has the sink's goroutine do something, and waits for it, but not long.
func (s *sink) do(f func() error) error {
	result := make(chan error, 1)
	late := time.NewTimer(endPatience)
	defer late.Stop()
	select {
	case s.requests <- func() { result <- f() }:
	case <-s.done:
		return errors.New("the log is closed")
	case <-late.C:
		return errStuck
	}
	select {
	case err := <-result:
		return err
	case <-late.C:
		return errStuck
	}
}

var errStuck = fmt.Errorf("the log could not be written for %v", endPatience)

// end waits until all is written, but not long. No line may be added any more.
func (s *sink) end() error {
	s.close()
	select {
	case <-s.done:
		return s.err
	case <-time.After(endPatience):
	}
	s.target.interrupt()
	select {
	case <-s.done:
	case <-time.After(endPatience): // nothing ends it: the file system does not answer
	}
	return errStuck
}

func countLines(b []byte) int { return bytes.Count(b, []byte{'\n'}) }

// reason is why something was not written, without the path, which who reads the log knows.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
