package eventlog

import (
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// event writes an event, if it is one that is logged.
func (l *Log) event(e cluster.Event, now time.Time) {
	switch e := e.(type) {
	case cluster.ForkEvent:
		l.Write(about(e.Worker, "fork", "forked"))
	case cluster.OnlineEvent:
		l.Write(about(e.Worker, "online", "online"))
	case cluster.ListeningEvent:
		l.Write(about(e.Worker, "listening", "listening on "+describeAddress(e.Address)+standby(e.Worker), addressAttrs(e.Address)...))
	case cluster.ListenErrorEvent:
		l.listenError(e, now)
	case cluster.ListenPendingEvent:
		l.Write(about(e.Worker, "listenPending", "waits to listen on "+describeAddress(e.Address)+standby(e.Worker), addressAttrs(e.Address)...))
	case cluster.MessageEvent:
		l.message(e, now)
		e.Message.Release()
	case cluster.DisconnectEvent:
		l.messages.end(e.Worker)
		if e.Err != nil {
			l.Error(e.Worker, withRemedy(e.Err))
		}
		l.Write(about(e.Worker, "disconnect", "disconnected", asked(e.Worker)))
	case cluster.ExitEvent:
		l.Write(aboutExit(e))
	case cluster.ErrorEvent:
		l.Error(e.Worker, e.Err)
	}
}

// withRemedy says what to do about what has broken a channel, where a flag helps.
func withRemedy(err error) error {
	if errors.Is(err, nodeipc.ErrMessageTooLarge) {
		return fmt.Errorf("%w; --max-message-size allows more", err)
	}
	return err
}

func about(w *cluster.Worker, name, text string, attrs ...slog.Attr) Entry {
	return Entry{
		Level: slog.LevelInfo,
		Name:  name,
		Attrs: append(workerAttrs(w), attrs...),
		Text:  fmt.Sprintf("worker %d (pid %d) %s", w.ID(), w.Pid(), text),
	}
}

func workerAttrs(w *cluster.Worker) []slog.Attr {
	return []slog.Attr{slog.Int("worker", w.ID()), slog.Int("pid", w.Pid())}
}

func asked(w *cluster.Worker) slog.Attr {
	return slog.Bool("exitedAfterDisconnect", w.ExitedAfterDisconnect())
}

// maxFailures is how many addresses that cannot be listened on are told apart.
const maxFailures = 64

// listenError tells once of an address that cannot be listened on, and then how often, whichever worker tries.
func (l *Log) listenError(e cluster.ListenErrorEvent, now time.Time) {
	where, why := describeAddress(e.Address), causeOf(e.Err)
	attrs := append(addressAttrs(e.Address), slog.String("error", why))
	key := where + ": " + why
	if len(l.failures.list) >= maxFailures && l.failures.find(key) < 0 {
		where, attrs, key = "further addresses", nil, "further"
	}
	isFirst := l.failures.begin(key, now, func(n int) {
		l.Write(Entry{
			slog.LevelWarn, "listenError", append(attrs, slog.Int("further", n)),
			fmt.Sprintf("%s to listen on %s failed: %s", Plural(n, "further attempt", "further attempts"), where, why),
		})
	})
	if !isFirst {
		l.failures.add(key)
		return
	}
	line := about(e.Worker, "listenError", "cannot listen on "+where+": "+why, attrs...)
	line.Level = slog.LevelWarn
	l.Write(line)
}

// causeOf is what the system has said, where that is known.
func causeOf(err error) string {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno.Error()
	}
	return OneLine(err)
}

// aboutExit is of the level warn for a worker that has failed.
func aboutExit(e cluster.ExitEvent) Entry {
	text, attr := "exited with "+e.Status.String(), slog.Int("code", e.Status.Code)
	if e.Status.Signal != 0 {
		signal := nodeipc.SignalName(e.Status.Signal)
		text, attr = "was ended by "+signal, slog.String("signal", signal)
	}
	if e.Worker.ExitedAfterDisconnect() {
		text += " after it was asked to leave"
	}
	exit := about(e.Worker, "exit", text, attr, asked(e.Worker))
	if e.Status.Code != 0 && !e.Worker.ExitedAfterDisconnect() {
		exit.Level = slog.LevelWarn
	}
	return exit
}
