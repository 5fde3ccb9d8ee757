package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// DefaultShutdownTimeout is the time that [Worker.Shutdown] and [Primary.Shutdown] have when their context has no deadline.
const DefaultShutdownTimeout = 5 * time.Second

// tellPause is how long a worker whose channel has ended may take to end by itself before it is told to.
const tellPause = 200 * time.Millisecond

// ErrKilled is what [Worker.Shutdown] returns for a worker that had to be killed.
var ErrKilled = errors.New("it did not end in time and was killed")

// Shutdown ends the worker, and returns when its process has ended. It returns nil if the worker ended by itself or by the signal,
// whatever its [Worker.ExitStatus], and an error that matches [ErrKilled] if it had to be killed. It has the time until ctx's
// deadline, or [DefaultShutdownTimeout] if there is none. It goes in three steps:
//
//   - It asks the worker to leave, as [Worker.Disconnect] does.
//   - It sends the StopSignal of the worker's [Settings], 200 ms after the worker's channel has ended, since its last connection has
//     ended then. If its connections go on, it sends the signal at half of the time; so it does if the worker had closed its servers
//     before it was asked to, since somebody else has told it then. A worker that has never said anything on its channel may not know
//     what a disconnect is, and gets the signal at once.
//   - It sends SIGKILL at the deadline, or when ctx is cancelled, and waits for the end of the process, whatever ctx says.
//
// If the settings' StopMethod is [StopBySignal], the signal comes first, and if it is [StopByMessage], the message does. A worker gets
// either once, however often Shutdown is called.
//
// A worker that leads a process group, by Setpgid or Setsid of Settings.SysProcAttr, is killed with its group. What it has left there
// when it ends is killed too.
//
// It panics when a [Balancer] calls it.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.primary.mustNotWait("Shutdown of a worker")
	ctx, cancel := withShutdownTimeout(ctx)
	defer cancel()
	return w.shutDown(ctx, nil)
}

// shutDown is Shutdown of a worker alone, or of one among all, which take turns then. ctx has a deadline.
func (w *Worker) shutDown(ctx context.Context, all *signalTurns) error {
	if w.IsDead() {
		<-w.life.exited
		return nil
	}
	w.reaps.Store(true)
	w.left.Store(true)
	if w.stop.method == StopBySignal || w.life.now() == started {
		w.tellToEnd()
	}
	switch w.stop.method {
	case StopByMessage:
		w.sendToEnd()
		w.primary.loop.Post(w.hasSignal)
	case StopBySignal:
		w.primary.loop.Post(w.hasSignal)
	default:
		w.Disconnect()
	}
	if w.endsBeforeKill(ctx, all) {
		return nil
	}
	return w.killAndWait(ctx)
}

func withShutdownTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, DefaultShutdownTimeout)
}

// endsBeforeKill waits for the end of the process, and sends the signal when it is time to, and when it is the worker's turn. It reports
// whether the process has ended before ctx.
func (w *Worker) endsBeforeKill(ctx context.Context, all *signalTurns) bool {
	deadline, _ := ctx.Deadline()
	tell := time.NewTimer(time.Until(deadline) / 2)
	defer tell.Stop()
	disconnected := w.life.disconnected
	for {
		select {
		case <-w.life.exited:
			return true
		case <-disconnected:
			disconnected = nil
			// A worker that has closed its servers by itself was told by somebody else, and its connections may go on.
			if !w.leftFirst.Load() {
				all = nil
				tell.Reset(max(min(tellPause-time.Since(w.disconnectedAt), time.Until(deadline)/2), 0))
			}
		case <-tell.C:
			wait := all.wait(w)
			if all = nil; wait > 0 {
				tell.Reset(wait)
				continue
			}
			w.tellToEnd()
		case <-ctx.Done():
			return false
		}
	}
}

func (w *Worker) killAndWait(ctx context.Context) error {
	if w.kill() != nil {
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
