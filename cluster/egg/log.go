package egg

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// maxLines is how many lines wait for somebody who reads the output.
	maxLines = 4096
	// flushTime is how long the last lines may take.
	flushTime = 2 * time.Second
	// flushPatience is for how long a move may wait for lines to be written, until somebody reads again.
	flushPatience = 100 * time.Millisecond
)

// logger writes the master's lines. A line never waits: where nobody reads, lines that have no room are dropped, and counted.
type logger struct {
	out, err io.Writer
	least    level
	lines    chan logLine
	done     chan struct{}

	mu      sync.Mutex
	closed  bool
	stuck   bool // nobody reads, so that a flush does not wait
	dropped int
}

// logLine is a line, or the place of a flush.
type logLine struct {
	to      io.Writer
	text    string
	flushed chan struct{}
}

// newLogger begins a log, which the caller closes. EGG_LOG and EGG_MASTER_LOGGER_LEVEL say how important a line has to be.
func newLogger(out, err io.Writer, getenv func(string) string) *logger {
	l := &logger{out: out, err: err, least: levelInfo, lines: make(chan logLine, maxLines), done: make(chan struct{})}
	for _, name := range []string{"EGG_MASTER_LOGGER_LEVEL", "EGG_LOG"} {
		if least, ok := levelOf(getenv(name)); ok {
			l.least = least
		}
	}
	go l.write()
	return l
}

// levelOf is the least important level that is written where a variable has this value.
func levelOf(value string) (level, bool) {
	switch strings.ToUpper(value) {
	case "DEBUG", "ALL":
		return levelDebug, true
	case "INFO":
		return levelInfo, true
	case "WARN", "ERROR":
		return levelError, true
	case "NONE":
		return levelPlain, true
	default:
		return 0, false
	}
}

func (l *logger) add(as level, text string) {
	if as < l.least && as != levelPlain && as != levelPlainError {
		return
	}
	to := l.out
	if as == levelError || as == levelPlainError {
		to = l.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	select {
	case l.lines <- logLine{to: to, text: line(as, time.Now(), os.Getpid(), text)}:
	default:
		l.dropped++
	}
}

func (l *logger) write() {
	defer close(l.done)
	for line := range l.lines {
		if line.flushed != nil {
			close(line.flushed)
			continue
		}
		if dropped := l.takeDropped(); dropped > 0 {
			fmt.Fprintf(line.to, "[master] %d lines were dropped, because nobody has read them\n", dropped)
		}
		io.WriteString(line.to, line.text)
	}
}

func (l *logger) takeDropped() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped := l.dropped
	l.dropped, l.stuck = 0, false
	return dropped
}

// flush waits until what was added before is written, but not where nobody reads.
func (l *logger) flush() {
	flushed := make(chan struct{})
	l.mu.Lock()
	waits := !l.closed && !l.stuck
	if waits {
		select {
		case l.lines <- logLine{flushed: flushed}:
		default:
			waits = false
		}
	}
	l.mu.Unlock()
	if !waits {
		return
	}
	select {
	case <-flushed:
	case <-time.After(flushPatience):
		l.mu.Lock()
		l.stuck = true
		l.mu.Unlock()
	}
}

// close waits until the lines are written, but no longer than flushTime: a writer that blocks for ever keeps its goroutine.
func (l *logger) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.lines)
	}
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(flushTime):
	}
}
