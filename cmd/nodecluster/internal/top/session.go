package top

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

const (
	refreshEach = time.Second
	// readPatience is how long the applications may take to say how they are.
	readPatience = 5 * time.Second
	// batchEach is how often lines of a log are sent on, so that a flood of them does not draw the screen more often.
	batchEach = 100 * time.Millisecond
	// followAgain is when a log is read again whose reading has ended, such as that of an application that is started meanwhile.
	followAgain = 2 * time.Second
)

// What is sent to the model.
type (
	appsMsg struct {
		apps []control.App
		err  error
		now  time.Time
	}
	linesMsg struct {
		target target
		lines  []Line
		err    error
	}
	resultMsg struct {
		what   string
		result control.Result
		err    error
	}
)

// target is what is followed: the output of an application, or of one of its instances if that is not negative. The number tells one
// following from another of the same.
type target struct {
	app      string
	instance int
	number   int
}

// session does for the model what takes time: it watches the applications, follows a log and asks for changes. All that it starts ends with
// ctx, and is waited for by owned.
type session struct {
	ctx     context.Context
	source  Source
	owned   *sync.WaitGroup
	send    func(tea.Msg)
	suspend func() error  // has the shell take the terminal, until it gives it back
	refresh chan struct{} // has a value when the applications are to be read at once

	stopFollowing context.CancelFunc // nil if nothing is followed
}

// watch sends the applications each second, and when they have been changed.
func (s *session) watch() {
	ticker := time.NewTicker(refreshEach)
	defer ticker.Stop()
	for {
		ctx, cancel := context.WithTimeout(s.ctx, readPatience)
		apps, err := s.source.Apps(ctx)
		cancel()
		s.send(appsMsg{apps, err, time.Now()})
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		case <-s.refresh:
		}
	}
}

// change has something be done, and sends what came of it. What a supervisor does goes on when the session ends.
func (s *session) change(what string, do func(context.Context) (control.Result, error)) {
	s.owned.Go(func() {
		result, err := do(s.ctx)
		s.send(resultMsg{what, result, err})
		select {
		case s.refresh <- struct{}{}:
		default:
		}
	})
}

// follow sends the lines of a log from its last ones on, and no more of what it followed before.
func (s *session) follow(t target) {
	if s.stopFollowing != nil {
		s.stopFollowing()
	}
	var ctx context.Context
	ctx, s.stopFollowing = context.WithCancel(s.ctx)
	b := &batch{ready: make(chan struct{}, 1)}
	s.owned.Go(func() { s.read(ctx, t, b) })
	s.owned.Go(func() { s.sendBatches(ctx, t, b) })
}

// read reads a log until ctx ends. Where reading ends before, it begins again behind what was read.
func (s *session) read(ctx context.Context, t target, b *batch) {
	last := maxLines
	for ctx.Err() == nil {
		for line, err := range s.source.Logs(ctx, t.app, t.instance, last) {
			if ctx.Err() != nil {
				return
			}
			b.add(line, err)
			last = 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(followAgain):
		}
	}
}

func (s *session) sendBatches(ctx context.Context, t target, b *batch) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.ready:
		}
		lines, err := b.take()
		s.send(linesMsg{t, lines, err})
		select {
		case <-ctx.Done():
			return
		case <-time.After(batchEach):
		}
	}
}

// batch is what has been read and not been sent: the last lines, no more than are kept.
type batch struct {
	mu    sync.Mutex
	lines []Line
	err   error
	ready chan struct{}
}

func (b *batch) add(line Line, err error) {
	b.mu.Lock()
	if b.err = err; err == nil {
		b.lines = appendLast(b.lines, line)
	}
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

func (b *batch) take() (lines []Line, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines, err = b.lines, b.err
	b.lines = nil
	return lines, err
}
