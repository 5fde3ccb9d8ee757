package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// DefaultShutdownTimeout is how long [Worker.Shutdown] takes at most when its context has no deadline.
const DefaultShutdownTimeout = 5 * time.Second

// ErrKilled is what [Worker.Shutdown] returns for a worker that neither left nor ended at SIGTERM.
var ErrKilled = errors.New("it did not end in time and was killed")

// Shutdown ends the worker and returns when its process has ended: nil if it left by itself or ended at SIGTERM, whatever
// its [Worker.ExitStatus], and an error that matches [ErrKilled] if it had to be killed.
//
// The time until ctx's deadline, or [DefaultShutdownTimeout] if ctx has none, is divided so:
//
//   - At once the worker is asked to leave, as by [Worker.Disconnect]. One that has never said anything on its channel may not
//     know what that means, and gets SIGTERM at once.
//   - SIGTERM comes after three quarters of the time. It comes sooner for a worker whose channel has ended, which means that it
//     has closed its servers and that the last connection is gone: a quarter of the time after that.
//   - SIGKILL comes when a twentieth of the time is left.
//
// When ctx is cancelled, SIGKILL comes at once. The end of a process that was killed is waited for all the same.
//
// Called by a [Balancer] it panics.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.primary.mustNotWait("Shutdown of a worker")
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultShutdownTimeout)
		defer cancel()
	}
	if w.IsDead() {
		<-w.life.exited
		return nil
	}
	terminated := w.life.now() == started
	if terminated {
		w.child.Signal(syscall.SIGTERM)
	}
	w.Disconnect()
	if w.endsBeforeKill(ctx, terminated) {
		return nil
	}
	return w.killAndWait(ctx)
}

// endsBeforeKill waits until the process ends, at SIGTERM if that has to be, and reports whether it does before it is to be
// killed.
func (w *Worker) endsBeforeKill(ctx context.Context, terminated bool) bool {
	deadline, _ := ctx.Deadline()
	total := time.Until(deadline)
	kill := time.NewTimer(total - total/20)
	defer kill.Stop()
	term := time.NewTimer(total - total/4)
	defer term.Stop()
	done := w.child.Done()
	for {
		select {
		case <-w.life.exited:
			return true
		case <-done:
			done = nil
			term.Reset(min(total/4, time.Until(deadline)-total/4))
		case <-term.C:
			if !terminated {
				terminated = true
				w.child.Signal(syscall.SIGTERM)
			}
		case <-kill.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (w *Worker) killAndWait(ctx context.Context) error {
	if w.child.Signal(syscall.SIGKILL) != nil {
		<-w.life.exited // it has just ended
		return nil
	}
	<-w.life.exited
	if w.status.Signal != syscall.SIGKILL {
		return nil
	}
	err := fmt.Errorf("cluster: shutdown of worker %d: %w", w.id, ErrKilled)
	if cause := context.Cause(ctx); cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
