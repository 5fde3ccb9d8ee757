package control

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"
)

// heartbeat is how long a stream of events is silent at most.
const heartbeat = 15 * time.Second

// maxQueued is how many bytes of events wait for a reader.
const maxQueued = 1 << 20

// stream sends events as Server-Sent Events. A reader that is slow loses some, and is told how many.
func (s *Server) stream(of func(context.Context) iter.Seq[Event]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		q := &eventQueue{more: make(chan struct{}, 1)}
		all := of(ctx)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		c := http.NewResponseController(w)
		c.SetWriteDeadline(time.Time{}) // or there is no such thing, in a test
		if w.Write([]byte(": hello\n\n")); c.Flush() != nil {
			return
		}
		// A reader that takes nothing would keep the server from closing.
		defer afterClose(s.closing, func() { c.SetWriteDeadline(time.Now()) })()
		var fill sync.WaitGroup
		fill.Go(func() { s.fill(r.URL.Path, q, all) })
		defer fill.Wait()
		defer cancel()
		q.drain(ctx, s.closing, s.heartbeat, func(content []byte) bool {
			w.Write(content)
			return c.Flush() == nil
		})
	}
}

// fill ends when the events do.
func (s *Server) fill(path string, q *eventQueue, all iter.Seq[Event]) {
	defer q.end()
	defer func() {
		if fault := recover(); fault != nil {
			logFault(s.log, "GET "+path, fault)
		}
	}()
	for e := range all {
		q.add(e)
	}
}

// afterClose calls do when the channel is closed, and gives what ends the waiting.
func afterClose(closed <-chan struct{}, do func()) (stop func()) {
	stopped := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-closed:
			do()
		case <-stopped:
		}
	})
	return func() {
		close(stopped)
		waiting.Wait()
	}
}

// An eventQueue is what waits for one reader.
type eventQueue struct {
	mu      sync.Mutex
	content []byte // frames
	lost    int    // since the last that is in content
	ended   bool
	more    chan struct{} // has a token when there is something to take
}

func (q *eventQueue) add(e Event) {
	frame := frameOf(e)
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.content)+len(frame) > maxQueued {
		q.lost++
		return
	}
	q.tellLost()
	q.content = append(q.content, frame...)
	q.wake()
}

// tellLost puts how many are missing where they are missing.
func (q *eventQueue) tellLost() {
	if q.lost == 0 {
		return
	}
	q.content = append(q.content, frameOf(Event{
		Time: time.Now(), Level: "WARN", Name: "dropped",
		Text:       fmt.Sprintf("%d events were dropped: they were not read in time", q.lost),
		Attributes: map[string]any{"events": q.lost},
	})...)
	q.lost = 0
}

func (q *eventQueue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.wake()
}

func (q *eventQueue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// take gives all that waits, and whether there is nothing to come.
func (q *eventQueue) take() (content []byte, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tellLost()
	content, q.content = q.content, nil
	return content, q.ended
}

// drain sends what waits, and a comment when nothing has for so long, until the events or the reader are gone.
func (q *eventQueue) drain(ctx context.Context, closing <-chan struct{}, heartbeat time.Duration, send func([]byte) bool) {
	silence := time.NewTicker(heartbeat)
	defer silence.Stop()
	for {
		content, ended := q.take()
		if len(content) > 0 && !send(content) || ended {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-closing:
			return
		case <-q.more:
		case <-silence.C:
			if !send([]byte(":\n\n")) {
				return
			}
		}
	}
}

// frameOf is an event as the stream has it. JSON has no line breaks of its own.
func frameOf(e Event) []byte {
	content, err := json.Marshal(e)
	if err != nil { // of a time after the year 9999
		content, _ = json.Marshal(Event{Level: "ERROR", Name: "error", Text: fmt.Sprintf("an event cannot be written as JSON: %v", err)})
	}
	return append(append([]byte("data: "), content...), "\n\n"...)
}
