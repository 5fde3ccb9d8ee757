package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

type logFormat string

const (
	logText logFormat = "text"
	logJSON logFormat = "json"
)

// eventLog writes one line an event.
type eventLog struct {
	out  io.Writer
	json *slog.Logger // nil for text
	told error
}

func newEventLog(out io.Writer, format logFormat) *eventLog {
	l := &eventLog{out: out}
	if format == logJSON {
		l.json = slog.New(slog.NewJSONHandler(out, nil))
	}
	return l
}

// entry is an event for both formats.
type entry struct {
	name  string // Node's
	attrs []slog.Attr
	text  string
}

// event writes an event, if it is one that is logged.
func (l *eventLog) event(e cluster.Event) {
	switch e := e.(type) {
	case cluster.ForkEvent:
		l.info(about(e.Worker, "fork", "forked"))
	case cluster.OnlineEvent:
		l.info(about(e.Worker, "online", "online"))
	case cluster.ListeningEvent:
		l.info(about(e.Worker, "listening", "listening on "+describeAddress(e.Address), addressAttrs(e.Address)...))
	case cluster.MessageEvent:
		l.info(about(e.Worker, "message", "sent a message"))
	case cluster.DisconnectEvent:
		if e.Err != nil {
			l.error(e.Worker, e.Err)
		}
		l.info(about(e.Worker, "disconnect", "disconnected", asked(e.Worker)))
	case cluster.ExitEvent:
		l.info(about(e.Worker, "exit", describeExit(e), exitAttr(e.Status), asked(e.Worker)))
	case cluster.ErrorEvent:
		l.error(e.Worker, inWordsOfTheLog(e.Err))
	}
}

var errNotLogged = errors.New("events are missing here: too many waited for a log that nobody read")

// inWordsOfTheLog is an error as it is for who reads the log, and does not take events by calls.
func inWordsOfTheLog(err error) error {
	if errors.Is(err, cluster.ErrNotTaken) {
		return errNotLogged
	}
	return err
}

// fail writes why a run failed, unless that was the last error that was written.
func (l *eventLog) fail(err error) {
	if err != l.told {
		l.error(nil, err)
	}
}

// warn writes what the user should know of the command line.
func (l *eventLog) warn(text string) {
	if l.json != nil {
		l.json.LogAttrs(context.Background(), slog.LevelWarn, "warning", slog.String("warning", text))
		return
	}
	fmt.Fprintln(l.out, "nodecluster: "+text)
}

func (l *eventLog) info(e entry) {
	if l.json != nil {
		l.json.LogAttrs(context.Background(), slog.LevelInfo, e.name, e.attrs...)
		return
	}
	fmt.Fprintln(l.out, e.text)
}

func (l *eventLog) error(w *cluster.Worker, err error) {
	l.told = err
	if l.json == nil {
		fmt.Fprintf(l.out, "nodecluster: %s\n", oneLine(err))
		return
	}
	var attrs []slog.Attr
	if w != nil {
		attrs = workerAttrs(w)
	}
	attrs = append(attrs, slog.String("error", oneLine(err)))
	l.json.LogAttrs(context.Background(), slog.LevelError, "error", attrs...)
}

func about(w *cluster.Worker, name, text string, attrs ...slog.Attr) entry {
	return entry{
		name:  name,
		attrs: append(workerAttrs(w), attrs...),
		text:  fmt.Sprintf("worker %d (pid %d) %s", w.ID(), w.Pid(), text),
	}
}

func workerAttrs(w *cluster.Worker) []slog.Attr {
	return []slog.Attr{slog.Int("worker", w.ID()), slog.Int("pid", w.Pid())}
}

func asked(w *cluster.Worker) slog.Attr {
	return slog.Bool("exitedAfterDisconnect", w.ExitedAfterDisconnect())
}

func exitAttr(s nodeipc.ExitStatus) slog.Attr {
	if s.Signal != 0 {
		return slog.String("signal", nodeipc.SignalName(s.Signal))
	}
	return slog.Int("code", s.Code)
}

func describeExit(e cluster.ExitEvent) string {
	text := "exited with " + e.Status.String()
	if e.Status.Signal != 0 {
		text = "was ended by " + nodeipc.SignalName(e.Status.Signal)
	}
	if e.Worker.ExitedAfterDisconnect() {
		text += " after it was asked to leave"
	}
	return text
}

// oneLine is an error without the names of packages, which say nothing to a user.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, layer := range []string{"pool: ", "cluster: ", "fork: ", "nodeipc: "} {
		text = strings.TrimPrefix(text, layer)
	}
	return text
}
