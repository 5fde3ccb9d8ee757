package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

// How much of a log is shown and sent.
const (
	shownLines  = 200 // of the past
	maxPattern  = 200
	maxText     = 4 << 10 // of a line, in bytes
	batchLines  = 500     // in one event; of more that come within a batchPeriod the rest is left out
	batchPeriod = 250 * time.Millisecond
)

// filter is which lines of a log are shown.
type filter struct {
	Grep     string
	Stream   string // "", "out" or "err"
	Instance int    // -1 for all
}

func filterOf(r *http.Request) (filter, logs.Query, error) {
	f := filter{Grep: r.FormValue("grep"), Stream: r.FormValue("stream"), Instance: -1}
	q := logs.Query{Lines: shownLines, Stdout: f.Stream != "err", Stderr: f.Stream != "out", Instance: -1}
	if text := r.FormValue("instance"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return f, q, fmt.Errorf("%q is no instance", text)
		}
		f.Instance, q.Instance = n, n
	}
	if f.Grep == "" {
		return f, q, nil
	}
	if len(f.Grep) > maxPattern {
		return f, q, fmt.Errorf("the filter is longer than %d bytes", maxPattern)
	}
	pattern, err := regexp.Compile(f.Grep)
	q.Grep = pattern
	return f, q, err
}

// lineView is a line of a log, as it is shown.
type lineView struct {
	At       string `json:"at"`
	Clock    string `json:"clock"`
	Instance string `json:"instance"` // "" of a line that is no worker's
	Stderr   bool   `json:"stderr"`
	Text     string `json:"text"`
}

// What colours a terminal, or moves in it, says nothing here.
var controlSequences = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]`)

func newLineView(l logs.Line) lineView {
	text := controlSequences.ReplaceAllString(l.Text, "")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	view := lineView{Stderr: l.Stderr, Text: text}
	if !l.Time.IsZero() {
		view.At, view.Clock = l.Time.Format(time.RFC3339Nano), l.Time.Local().Format(logFormat)
	}
	if l.Instance >= 0 {
		view.Instance = strconv.Itoa(l.Instance)
	}
	return view
}

// batch is some lines of a log, as an event has them.
type batch struct {
	Lines   []lineView `json:"lines"`
	LeftOut int        `json:"leftOut,omitempty"` // before them
}

// streamLog sends the end of a log and then what comes, or why it cannot.
func (s *Server) streamLog(w http.ResponseWriter, r *http.Request) {
	app, ok := s.app(w, r)
	if !ok {
		return
	}
	_, q, err := filterOf(r)
	stream, end, ok := s.openStream(w)
	if !ok {
		return
	}
	defer end()
	if err == nil {
		err = s.followLog(r.Context(), stream, app.Name, q)
	}
	if err != nil {
		stream.send("problem", err.Error())
	}
}

// followLog reads on a goroutine of its own, which has ended when it returns.
func (s *Server) followLog(ctx context.Context, stream *stream, name string, q logs.Query) error {
	ctx, cancel := context.WithCancel(ctx)
	lines, failed := make(chan lineView, batchLines), make(chan error, 1)
	q.Follow = true
	go func() {
		defer close(lines)
		for line, err := range s.options.Source.Logs(ctx, name, q) {
			if err != nil {
				failed <- err
				return
			}
			select {
			case lines <- newLineView(line):
			case <-ctx.Done():
				return
			}
		}
	}()
	err := s.sendBatches(ctx, stream, lines)
	cancel()
	for range lines {
	}
	if err != nil {
		return nil // the client has gone
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// sendBatches sends what comes, in an event each batchPeriod, until no more comes or the client goes. The first event comes even if it has
// no lines, so that a page shows that nothing is found.
func (s *Server) sendBatches(ctx context.Context, stream *stream, lines <-chan lineView) error {
	ticker := time.NewTicker(batchPeriod)
	defer ticker.Stop()
	next, isFirst := batch{Lines: []lineView{}}, true
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return stream.send("lines", next)
			}
			if len(next.Lines) == batchLines {
				next.Lines, next.LeftOut = next.Lines[1:], next.LeftOut+1
			}
			next.Lines = append(next.Lines, line)
		case <-ticker.C:
			if len(next.Lines) == 0 && !isFirst {
				continue
			}
			if err := stream.send("lines", next); err != nil {
				return err
			}
			next, isFirst = batch{Lines: []lineView{}}, false
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ended.Done():
			return context.Canceled
		}
	}
}
