package eventlog

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// Progress writes a step of what a pool changes by itself, and of who gets connections. Other steps are those of a change that somebody
// has asked for, who writes of it. The sizing is the pool's by now.
func (l *Log) Progress(p pool.Progress, sizing pool.Sizing) {
	switch {
	case p.Reason == "" && p.Change != "shutdown":
	case p.Step == pool.Suspended, p.Step == pool.Resumed, p.Change == "shutdown":
		l.Write(aboutHealth(p))
	case p.Step == pool.Begun:
		l.Write(aboutChange(p, p.Change, changing[p.Change]+describePlace(p)+": "+p.Reason, reasonAttrs(p)...))
	case p.Step == pool.Ended && p.Change == "scale":
		l.Sizing(sizing)
	case p.Step == pool.Ended:
		l.Write(aboutChange(p, changed[p.Change], changed[p.Change]+describePlace(p)))
	}
}

// What changes are called while they go on, and when they have ended.
var (
	changing = map[string]string{"replace": "replacing", "reload": "reloading", "scale": "scaling"}
	changed  = map[string]string{"replace": "replaced", "reload": "reloaded"}
)

// aboutChange is a line about a change, and about an instance if the change is about one.
func aboutChange(p pool.Progress, name, text string, attrs ...slog.Attr) Entry {
	if p.Instance >= 0 {
		attrs = append(attrs, slog.Int("instance", p.Instance))
	}
	return Entry{slog.LevelInfo, name, attrs, text}
}

func reasonAttrs(p pool.Progress) []slog.Attr {
	attrs := []slog.Attr{slog.String("reason", p.Reason)}
	if p.Cause != "" {
		attrs = append(attrs, slog.String("cause", string(p.Cause)))
	}
	return attrs
}

func describePlace(p pool.Progress) string {
	if p.Instance < 0 {
		return ""
	}
	return fmt.Sprintf(" the worker of instance %d", p.Instance)
}

func aboutHealth(p pool.Progress) Entry {
	cause := []slog.Attr{slog.String("cause", p.Change), slog.String("reason", p.Reason)}
	switch p.Step {
	case pool.Suspended:
		e := about(p.Worker, "suspended", "gets no connections: "+p.Reason, cause...)
		e.Level = slog.LevelWarn
		return e
	case pool.Resumed:
		return about(p.Worker, "resumed", "gets connections: "+p.Reason, cause...)
	}
	return Entry{slog.LevelInfo, "lameDuck", nil, "not ready any more; connections are taken until the workers are asked to leave"}
}

// Begin writes that a change begins that somebody has asked for, such as "reload", and in a word what goes on, such as "reloading".
func (l *Log) Begin(change, goesOn string) {
	l.Write(Entry{slog.LevelInfo, change, nil, goesOn})
}

// Changed writes which files have changed that are watched.
func (l *Log) Changed(files []string) {
	text := "changed " + files[0]
	if more := len(files) - 1; more > 0 {
		text += " and " + Plural(more, "more file", "more files")
	}
	l.Write(Entry{slog.LevelInfo, "changed", []slog.Attr{slog.String("file", files[0]), slog.Int("files", len(files))}, utilinspect.Printable(text)})
}

// Reloaded writes what has come of a reload. A pool that ends meanwhile is no failure.
func (l *Log) Reloaded(report pool.Report, err error) {
	switch {
	case errors.Is(err, cluster.ErrClosed):
	case err != nil:
		l.Write(aboutError(nil, fmt.Errorf("%w; the workers that were there go on", err)))
	default:
		took := report.Took.Round(time.Millisecond)
		l.Write(Entry{slog.LevelInfo, "reloaded",
			[]slog.Attr{slog.Int("workers", len(report.Replaced)), slog.Int64("ms", took.Milliseconds())},
			fmt.Sprintf("reloaded %s in %v", Plural(len(report.Replaced), "worker", "workers"), took)})
	}
}

// Restarted writes what has come of a restart.
func (l *Log) Restarted(err error) {
	switch {
	case errors.Is(err, cluster.ErrClosed):
	case err != nil:
		l.Write(aboutError(nil, err))
	default:
		l.Write(Entry{slog.LevelInfo, "restarted", nil, "restarted"})
	}
}

// Scaled writes what has come of a scaling to a number of workers.
func (l *Log) Scaled(to int, err error) {
	switch {
	case errors.Is(err, cluster.ErrClosed):
	case err != nil:
		l.Write(aboutError(nil, err))
	default:
		l.Write(Entry{slog.LevelInfo, "scaled", []slog.Attr{slog.Int("instances", to)}, "scaled to " + Plural(to, "worker", "workers")})
	}
}

// Sizing writes how many workers there are and what limits have to do with it, if they have.
func (l *Log) Sizing(s pool.Sizing) {
	text, attrs := Plural(s.Instances, "worker", "workers"), []slog.Attr{slog.Int("instances", s.Instances)}
	if s.Reason != "" {
		text += ", as " + s.Reason
		attrs = append(attrs, slog.String("reason", s.Reason))
	}
	if s.MaxOldSpaceSize != 0 {
		text += fmt.Sprintf("; for the memory limit, those of Node have --max-old-space-size=%d", s.MaxOldSpaceSize)
		attrs = append(attrs, slog.Int("maxOldSpaceSize", s.MaxOldSpaceSize))
	}
	if len(attrs) > 1 {
		l.Write(Entry{slog.LevelInfo, "instances", attrs, text})
	}
}

// standby is what the log adds about a worker that listens and gets no connections yet.
func standby(w *cluster.Worker) string {
	if w.IsStandby() {
		return " (on standby)"
	}
	return ""
}
