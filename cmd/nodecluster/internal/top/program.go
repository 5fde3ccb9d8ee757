package top

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Why the program is to end, but for ErrLost.
var (
	errQuit      = errors.New("the program has ended")
	errSignalled = errors.New("a signal has come")
)

// program is what draws and reads keys, until its context ends or the user ends it.
type program struct {
	*tea.Program
	ctx      context.Context
	end      context.CancelCauseFunc // of ctx
	messages chan tea.Msg
	failure  error // that it has ended with, to be read after that
}

// send has the model hear of something, unless ctx ends before.
func (p *program) send(m tea.Msg) {
	select {
	case p.messages <- m:
	case <-p.ctx.Done():
	}
}

// run runs the program, ends ctx, and reports whether the program has ended. One whose terminal takes no more output cannot: what still runs of
// it is left to the end of the process.
func (p *program) run() (ended bool) {
	var running sync.WaitGroup
	running.Go(func() {
		defer p.end(errQuit)
		_, p.failure = p.Run()
	})
	running.Go(p.forward)
	<-p.ctx.Done()
	done := make(chan struct{})
	go func() { // ends with those for which it waits
		running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}

// forward hands messages on, and has the program quit when ctx ends. What send waits for never blocks longer than ctx.
func (p *program) forward() {
	for {
		select {
		case m := <-p.messages:
			p.Send(m)
		case <-p.ctx.Done():
			p.Quit()
			return
		}
	}
}

// result is what the end comes to, once the program has ended.
func (p *program) result() error {
	switch cause := context.Cause(p.ctx); {
	case errors.Is(cause, errSignalled):
		return nil
	case errors.Is(cause, errQuit):
		return p.failure
	default:
		return cause
	}
}

// lose ends the program because its terminal is gone.
func (p *program) lose() { p.end(ErrLost) }

// heed ends the program when a signal comes.
func (p *program) heed(signals <-chan os.Signal) {
	select {
	case s := <-signals:
		if s == syscall.SIGHUP {
			p.lose()
		}
		p.end(errSignalled)
	case <-p.ctx.Done():
	}
}

// input is a terminal that tells when it is gone: nothing else would end the program then.
type input struct {
	*os.File
	lost func()
}

func (i *input) Read(b []byte) (int, error) {
	n, err := i.File.Read(b)
	if err != nil {
		i.lost()
	}
	return n, err
}
