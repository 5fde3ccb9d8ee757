package eventlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// Format is how lines are written.
type Format string

const (
	Text Format = "text"
	JSON Format = "json"
	None Format = "none" // not at all, but for why a run has failed
)

// Level is the least level of what is logged.
type Level string

// The levels by their names.

const (
	Error Level = "error"
	Warn  Level = "warn"
	Info  Level = "info"
	Debug Level = "debug"
)

var slogLevels = map[Level]slog.Level{
	Error: slog.LevelError, Warn: slog.LevelWarn, Info: slog.LevelInfo, Debug: slog.LevelDebug,
}

// Log writes lines that tell of events. Its methods never wait for the log, but for Close. Follow is for one goroutine, the others for any.
type Log struct {
	format   Format
	level    slog.Level
	queue    *logQueue
	broken   chan os.Signal
	told     atomic.Pointer[error] // the last that was written
	also     func(Entry)           // nil if nobody else gets the entries
	messages messages
	failures repeats      // of servers to listen
	hinted   map[int]bool // the hints that were given
}

// New makes a log that writes to out, until Close is called. Entries of the level info and above go to also too, if it is not nil, whatever
// the level is of what is written; it must not block.
func New(out io.Writer, format Format, level Level, also func(Entry)) *Log {
	l := &Log{format: format, level: slogLevels[level], broken: make(chan os.Signal, 1), also: also, hinted: map[int]bool{}}
	l.failures.interval, l.messages.further.interval = repeatInterval, repeatInterval
	// A log whose reader has gone makes writes fail, rather than end the process, only once SIGPIPE is caught. Were it ignored, the
	// workers would inherit that.
	signal.Notify(l.broken, syscall.SIGPIPE)
	l.queue = newLogQueue(out, func(m missing) []byte { return aboutMissing(m).line(format) })
	return l
}

// Entry is what a line tells, for both formats.
type Entry struct {
	Level slog.Level
	Name  string // Node's, of an event that is Node's
	Attrs []slog.Attr
	Text  string
}

// line is an Entry as a line of the log.
func (e Entry) line(format Format) []byte {
	if format != JSON {
		return []byte(e.Text + "\n")
	}
	var line bytes.Buffer
	handler := slog.NewJSONHandler(&line, &slog.HandlerOptions{Level: slog.LevelDebug})
	slog.New(handler).LogAttrs(context.Background(), e.Level, e.Name, e.Attrs...)
	return line.Bytes()
}

// Write adds an entry to the log, if its level is one that is logged.
func (l *Log) Write(e Entry) {
	if l.also != nil && e.Level >= slog.LevelInfo {
		l.also(e)
	}
	if l.format != None && e.Level >= l.level {
		l.queue.add(e.line(l.format))
	}
}

// Error writes what went wrong with a worker, which may be nil.
func (l *Log) Error(w *cluster.Worker, err error) {
	l.told.Store(&err)
	l.Write(aboutError(w, err))
}

// Warn writes what the user should know of the command line.
func (l *Log) Warn(text string) {
	l.Write(Entry{slog.LevelWarn, "warning", []slog.Attr{slog.String("warning", text)}, "nodecluster: " + text})
}

// Debug writes what helps to find out why something is as it is.
func (l *Log) Debug(text string) {
	l.Write(Entry{slog.LevelDebug, "debug", []slog.Attr{slog.String("debug", text)}, "nodecluster: " + text})
}

// Fail writes why a run failed, unless that was the last error that was written. A log of no events tells of it too.
func (l *Log) Fail(err error) {
	if told := l.told.Load(); told != nil && err == *told {
		return
	}
	if l.format == None {
		l.queue.add(aboutError(nil, err).line(Text))
		return
	}
	l.Error(nil, err)
}

// due is when tell has something to write, zero if it has nothing.
func (l *Log) due() time.Time {
	due := l.messages.further.due()
	if other := l.failures.due(); due.IsZero() || !other.IsZero() && other.Before(due) {
		due = other
	}
	return due
}

// tell writes how often what was written once has happened since.
func (l *Log) tell(now time.Time) {
	l.messages.further.tell(now)
	l.failures.tell(now)
}

// end is tell for the last time.
func (l *Log) end() {
	l.messages.further.endAll()
	l.failures.endAll()
}

// Close waits until all is written, but not long for a log that nobody reads.
func (l *Log) Close() {
	l.queue.close()
	signal.Stop(l.broken)
}

func aboutMissing(m missing) Entry {
	return Entry{
		Level: slog.LevelWarn,
		Name:  "dropped",
		Attrs: []slog.Attr{slog.Int("lines", m.lines), slog.String("error", m.why)},
		Text:  fmt.Sprintf("nodecluster: %s dropped: %s", Plural(m.lines, "log line was", "log lines were"), m.why),
	}
}

// aboutError is about a worker, if w is not nil.
func aboutError(w *cluster.Worker, err error) Entry {
	var attrs []slog.Attr
	if w != nil {
		attrs = workerAttrs(w)
	}
	text := OneLine(err)
	attrs = append(attrs, slog.String("error", text))
	if failed := (*pool.InstanceError)(nil); errors.As(err, &failed) && len(failed.Output) > 0 {
		attrs = append(attrs, slog.Any("output", failed.Output))
	}
	return Entry{slog.LevelError, "error", attrs, "nodecluster: " + text}
}

// Plural is a number of things, of which one is called one and several many.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// OneLine is an error without the names of packages, which say nothing to a user, and without what would colour a terminal.
func OneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, layer := range []string{"pool: ", "cluster: ", "egg: ", "fork: ", "nodeipc: "} {
		text = strings.TrimPrefix(text, layer)
	}
	return utilinspect.Printable(text)
}
