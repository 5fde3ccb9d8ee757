package supervise

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// maxEvents is how many events wait for a reader that is slow. The oldest are dropped.
const maxEvents = 1024

// Events passes the lines of an event log on to those who follow it.
type Events struct {
	mu      sync.Mutex
	readers []*eventReader
}

// eventReader is one of them. The mu of all guards its events.
type eventReader struct {
	events  []control.Event
	arrival chan struct{}
}

// Add gives an entry of the log to all readers. It does not wait.
func (e *Events) Add(entry eventlog.Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.readers) == 0 {
		return
	}
	event := control.Event{Time: time.Now(), Level: entry.Level.String(), Name: entry.Name, Text: entry.Text, Attributes: attributes(entry.Attrs)}
	for _, r := range e.readers {
		if len(r.events) == maxEvents {
			r.events = r.events[1:]
		}
		r.events = append(r.events, event)
		notify(r.arrival)
	}
}

func attributes(attrs []slog.Attr) map[string]any {
	all := make(map[string]any, len(attrs))
	for _, a := range attrs {
		all[a.Key] = a.Value.Any()
	}
	return all
}

// from are the events from the call on, until ctx, the loop or the application ends.
func (e *Events) from(ctx context.Context, ended <-chan struct{}) iter.Seq[control.Event] {
	r := &eventReader{arrival: make(chan struct{}, 1)}
	e.mu.Lock()
	e.readers = append(e.readers, r)
	e.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { e.remove(r) })
	return func(yield func(control.Event) bool) {
		defer e.remove(r)
		defer stop()
		for {
			for _, event := range e.take(r) {
				if !yield(event) {
					return
				}
			}
			select {
			case <-r.arrival:
			case <-ctx.Done():
				return
			case <-ended:
				return
			}
		}
	}
}

func (e *Events) take(r *eventReader) []control.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

func (e *Events) remove(r *eventReader) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readers = slices.DeleteFunc(e.readers, func(other *eventReader) bool { return other == r })
}
