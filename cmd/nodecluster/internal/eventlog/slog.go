package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Logger writes what it is told to the log, as what goes wrong in this program. It knows no groups.
func (l *Log) Logger() *slog.Logger { return slog.New(handler{log: l}) }

// handler is what Logger writes with.
type handler struct {
	log   *Log
	attrs []slog.Attr
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.log.level }

func (h handler) Handle(_ context.Context, record slog.Record) error {
	attrs := h.attrs
	record.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs[:len(attrs):len(attrs)], a)
		return true
	})
	text := "nodecluster: " + record.Message
	for _, a := range attrs {
		text += fmt.Sprintf("; %s: %v", a.Key, a.Value)
	}
	h.log.Write(Entry{record.Level, strings.ToLower(record.Level.String()), attrs, strings.ReplaceAll(text, "\n", "; ")})
	return nil
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.log, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h handler) WithGroup(string) slog.Handler { return h }
