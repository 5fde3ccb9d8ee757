package main

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
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

type logFormat string

const (
	logText logFormat = "text"
	logJSON logFormat = "json"
	logNone logFormat = "none"
)

// logLevel is the least level of what is logged.
type logLevel string

const (
	levelError logLevel = "error"
	levelWarn  logLevel = "warn"
	levelInfo  logLevel = "info"
	levelDebug logLevel = "debug"
)

var slogLevels = map[logLevel]slog.Level{
	levelError: slog.LevelError, levelWarn: slog.LevelWarn, levelInfo: slog.LevelInfo, levelDebug: slog.LevelDebug,
}

// eventLog writes lines that tell of events. Its methods never wait for the log, but for close. They may not be called by several
// goroutines at once.
type eventLog struct {
	format   logFormat
	level    slog.Level
	queue    *logQueue
	broken   chan os.Signal
	told     error // the last that was written
	messages messages
	failures repeats // of servers to listen
}

func newEventLog(out io.Writer, format logFormat, level logLevel) *eventLog {
	l := &eventLog{format: format, level: slogLevels[level], broken: make(chan os.Signal, 1)}
	l.failures.interval, l.messages.further.interval = repeatInterval, repeatInterval
	// A log whose reader has gone makes writes fail, rather than end the process, only once SIGPIPE is caught. Were it ignored, the
	// workers would inherit that.
	signal.Notify(l.broken, syscall.SIGPIPE)
	l.queue = newLogQueue(out, func(m missing) []byte { return aboutMissing(m).line(format) })
	return l
}

// entry is what a line tells, for both formats.
type entry struct {
	level slog.Level
	name  string // Node's, of an event that is Node's
	attrs []slog.Attr
	text  string
}

// line is an entry as a line of the log.
func (e entry) line(format logFormat) []byte {
	if format != logJSON {
		return []byte(e.text + "\n")
	}
	var line bytes.Buffer
	handler := slog.NewJSONHandler(&line, &slog.HandlerOptions{Level: slog.LevelDebug})
	slog.New(handler).LogAttrs(context.Background(), e.level, e.name, e.attrs...)
	return line.Bytes()
}

// write adds an entry to the log, if its level is one that is logged.
func (l *eventLog) write(e entry) {
	if l.format != logNone && e.level >= l.level {
		l.queue.add(e.line(l.format))
	}
}

// error writes what went wrong with a worker, which may be nil.
func (l *eventLog) error(w *cluster.Worker, err error) {
	l.told = err
	l.write(aboutError(w, err))
}

// warn writes what the user should know of the command line.
func (l *eventLog) warn(text string) {
	l.write(entry{slog.LevelWarn, "warning", []slog.Attr{slog.String("warning", text)}, "nodecluster: " + text})
}

// fail writes why a run failed, unless that was the last error that was written. A log of no events tells of it too.
func (l *eventLog) fail(err error) {
	if err == l.told {
		return
	}
	if l.format == logNone {
		l.queue.add(aboutError(nil, err).line(logText))
		return
	}
	l.error(nil, err)
}

// due is when tell has something to write, zero if it has nothing.
func (l *eventLog) due() time.Time {
	due := l.messages.further.due()
	if other := l.failures.due(); due.IsZero() || !other.IsZero() && other.Before(due) {
		due = other
	}
	return due
}

// tell writes how often what was written once has happened since.
func (l *eventLog) tell(now time.Time) {
	l.messages.further.tell(now)
	l.failures.tell(now)
}

// end is tell for the last time.
func (l *eventLog) end() {
	l.messages.further.endAll()
	l.failures.endAll()
}

// close waits until all is written, but not long for a log that nobody reads.
func (l *eventLog) close() {
	l.queue.close()
	signal.Stop(l.broken)
}

func aboutMissing(m missing) entry {
	return entry{
		level: slog.LevelWarn,
		name:  "dropped",
		attrs: []slog.Attr{slog.Int("lines", m.lines), slog.String("error", m.why)},
		text:  fmt.Sprintf("nodecluster: %s dropped: %s", plural(m.lines, "log line was", "log lines were"), m.why),
	}
}

// aboutError is about a worker, if w is not nil.
func aboutError(w *cluster.Worker, err error) entry {
	var attrs []slog.Attr
	if w != nil {
		attrs = workerAttrs(w)
	}
	text := oneLine(err)
	attrs = append(attrs, slog.String("error", text))
	if failed := (*pool.InstanceError)(nil); errors.As(err, &failed) && len(failed.Output) > 0 {
		attrs = append(attrs, slog.Any("output", failed.Output))
	}
	return entry{slog.LevelError, "error", attrs, "nodecluster: " + text}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// oneLine is an error without the names of packages, which say nothing to a user, and without what would colour a terminal.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, layer := range []string{"pool: ", "cluster: ", "fork: ", "nodeipc: "} {
		text = strings.TrimPrefix(text, layer)
	}
	return utilinspect.Printable(text)
}
