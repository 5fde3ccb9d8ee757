package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// DefaultShutdownTimeout is the time that [Worker.Shutdown] has when its context has no deadline.
const DefaultShutdownTimeout = 5 * time.Second

// ErrKilled is what [Worker.Shutdown] returns for a worker that neither left nor ended at SIGTERM.
var ErrKilled = errors.New("it did not end in time and was killed")

// Shutdown ends the worker, and returns when its process has ended. It returns nil if the worker left by itself or ended at SIGTERM,
// whatever its [Worker.ExitStatus], and an error that matches [ErrKilled] if it had to be killed.
//
// It has the time until ctx's deadline, or [DefaultShutdownTimeout] if there is none, and divides it so:
//
//   - It asks the worker to leave at once, as [Worker.Disconnect] does. A worker that has never said anything on its channel may not
//     know what that means: it gets SIGTERM at once too.
//   - It sends SIGTERM after three quarters of the time. If the worker's channel has ended, the worker has closed its servers and
//     its last connection is gone: SIGTERM then comes a quarter of the time after that, if that is sooner.
//   - It sends SIGKILL when a twentieth of the time is left.
//
// When ctx is cancelled it sends SIGKILL at once. It waits for the end of a process that it has killed, whatever ctx says.
//
// It panics when a [Balancer] calls it.
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

// endsBeforeKill waits for the end of the process, and sends SIGTERM when it is time to. It reports whether the process has ended before
// it is time to kill it.
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
