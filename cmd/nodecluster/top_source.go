package main

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/top"
)

// topSource is where top sees them.
type topSource struct{ source }

// Start starts an application as it is recorded.
func (topSource) Start(ctx context.Context, name string) error { return startRecorded(ctx, name) }

// Stop stops an application as the command does.
func (topSource) Stop(ctx context.Context, name string) error { return stopRecorded(ctx, name) }

// Logs gives what the workers print and, of all instances, what happens to them from now on.
func (s topSource) Logs(ctx context.Context, name string, instance, last int) iter.Seq2[top.Line, error] {
	return func(yield func(top.Line, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		l := appLog{source: s.source, app: name, lines: make(chan readLine)}
		defer l.reading.Wait()
		defer cancel()
		l.reading.Go(func() { l.readOutput(ctx, instance, last) })
		if instance < 0 {
			l.reading.Go(func() { l.readEvents(ctx) })
		}
		for {
			select {
			case <-ctx.Done():
				return
			case line := <-l.lines:
				if !yield(line.Line, line.err) {
					return
				}
			}
		}
	}
}

// appLog reads what an application's workers print, and what happens to it.
type appLog struct {
	source  source
	app     string
	lines   chan readLine
	reading sync.WaitGroup
}

type readLine struct {
	top.Line
	err error
}

// send gives a line to who reads it, and reports whether there is anybody.
func (l *appLog) send(ctx context.Context, line top.Line, err error) bool {
	select {
	case l.lines <- readLine{line, err}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *appLog) readOutput(ctx context.Context, instance, last int) {
	for line, err := range l.source.Logs(ctx, l.app, logs.Query{Lines: last, Instance: instance, Follow: true}) {
		if !l.send(ctx, top.Line{Time: line.Time, Instance: line.Instance, Stderr: line.Stderr, Text: line.Text}, err) {
			return
		}
	}
}

// readEvents reads the events of one supervisor after the other.
func (l *appLog) readEvents(ctx context.Context) {
	for ctx.Err() == nil {
		l.readSupervisor(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (l *appLog) readSupervisor(ctx context.Context) {
	client, err := l.source.Client(l.app)
	if err != nil {
		return // the file tells the same
	}
	for event, err := range client.Events(ctx) {
		if err != nil || !l.send(ctx, top.Line{Time: event.Time, Instance: -1, Text: event.Text}, nil) {
			return
		}
	}
}
