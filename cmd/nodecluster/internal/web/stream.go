package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// streamTime is how long a client may take to read an event of a stream.
const streamTime = 15 * time.Second

// stream is an answer of Server-Sent Events.
type stream struct {
	w          http.ResponseWriter
	controller *http.ResponseController
}

// openStream begins to answer with events, unless there are too many streams. The caller closes it with the function that it gets.
func (s *Server) openStream(w http.ResponseWriter) (*stream, func(), bool) {
	select {
	case s.streams <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return nil, nil, false
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	return &stream{w, http.NewResponseController(w)}, func() { <-s.streams }, true
}

// send sends an event. Its error ends the stream.
func (s *stream) send(name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	s.controller.SetWriteDeadline(time.Now().Add(streamTime))
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, text); err != nil {
		return err
	}
	return s.controller.Flush()
}

// parts are pieces of a page as HTML, by their ids.
type parts map[string]string

// news keeps those parts that differ from what was sent before, and remembers them.
func (sent parts) news(now parts) parts {
	news := make(parts)
	for id, html := range now {
		if sent[id] != html {
			news[id], sent[id] = html, html
		}
	}
	return news
}

func (s *Server) streamApps(w http.ResponseWriter, r *http.Request) {
	s.follow(w, r, func(stream *stream, sent parts) error {
		return stream.send("parts", sent.news(parts{"apps": render(s.newAppsPage(r).list())}))
	})
}

func (s *Server) streamApp(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.app(w, r); !ok {
		return
	}
	name, sampled := r.PathValue("name"), 0.0
	s.follow(w, r, func(stream *stream, sent parts) error {
		app, ok := s.watch.app(r.Context(), name)
		if !ok {
			app = control.App{Name: name, State: control.Stopped, Reason: "it was deleted"}
		}
		if err := stream.send("parts", sent.news(s.newAppPage(app).parts())); err != nil {
			return err
		}
		last, ok := s.watch.last(name)
		if !ok || last.Time == sampled {
			return nil
		}
		sampled = last.Time
		return stream.send("sample", last)
	})
}

// follow calls a function now and after each look at the applications, until the client goes.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, update func(*stream, parts) error) {
	stream, end, ok := s.openStream(w)
	if !ok {
		return
	}
	defer end()
	sent := make(parts)
	for {
		next := s.watch.next()
		if update(stream, sent) != nil {
			return
		}
		select {
		case <-next:
		case <-r.Context().Done():
			return
		case <-s.ended.Done():
			return
		}
	}
}

func (s *Server) showHistory(w http.ResponseWriter, r *http.Request) {
	if app, ok := s.app(w, r); ok {
		writeJSON(w, http.StatusOK, s.watch.recording(app.Name))
	}
}
