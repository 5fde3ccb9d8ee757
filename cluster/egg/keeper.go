package egg

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// keeper keeps one worker running that is a program by itself.
type keeper struct {
	*Master
	mixed   Mixed
	place   int
	reloads chan struct{} // has something when the worker is to be replaced

	mu     sync.Mutex
	is     PlaceStatus
	exists bool // there was a worker before
}

// status is how the worker is now.
func (k *keeper) status() PlaceStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	is := k.is
	is.Place, is.Program = k.place, k.mixed.Program
	if is.Worker != nil {
		select {
		case <-is.Worker.Listening():
			is.Ready = is.Worker.IsConnected()
		default:
		}
	}
	return is
}

// note changes what is told of the worker.
func (k *keeper) note(change func(is *PlaceStatus)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.is)
}

// steady is how long a worker lives whose end is no failure in a row.
const steady = 30 * time.Second

// keep starts one worker after the other, until the master stops.
func (k *keeper) keep() {
	for {
		err := k.runOne()
		if err == nil {
			return
		}
		pause := k.noteEnd()
		k.log.add(levelError, fmt.Sprintf("[master] %s is started again after %s: %v", k.mixed.Program, pause, err))
		select {
		case <-time.After(pause):
		case <-k.leaving:
			return
		case <-k.ctx.Done():
			return
		}
	}
}

// runOne starts a worker, and returns why there is to be another one: nil if there is not.
func (k *keeper) runOne() error {
	w, err := k.fork()
	if err != nil {
		return err
	}
	k.noteWorker(w)
	if w = k.serve(w); w == nil {
		return nil
	}
	return fmt.Errorf("it has ended (%s)", ended(w.ExitStatus()))
}

// noteWorker is for a worker that has the place from now on.
func (k *keeper) noteWorker(w *cluster.Worker) {
	k.note(func(is *PlaceStatus) {
		if k.exists && is.Worker == nil {
			is.Restarts++
		}
		k.exists, is.Worker, is.StartedAt, is.Successor, is.RetryAt = true, w, time.Now(), nil, time.Time{}
	})
}

// noteEnd is for a worker that has ended, or could not be started, and returns how long to wait before the next.
func (k *keeper) noteEnd() (pause time.Duration) {
	k.note(func(is *PlaceStatus) {
		if is.Worker != nil && time.Since(is.StartedAt) >= steady {
			is.Failures = 0
		}
		is.Failures++
		pause = pauseAfter(is.Failures)
		is.Worker, is.StartedAt, is.RetryAt = nil, time.Time{}, time.Now().Add(pause)
	})
	return pause
}

// serve waits for the end of a worker, or of the one that has replaced it, and returns which has ended: nil if there is to be no other one.
func (k *keeper) serve(w *cluster.Worker) *cluster.Worker {
	for {
		select {
		case <-w.Exited():
			return w
		case <-k.reloads:
			w = k.replace(w)
		case <-k.leaving:
			k.end(w)
			return nil
		case <-k.ctx.Done():
			return nil
		}
	}
}

// replace starts a successor, and has the worker leave when that listens, or has died itself. If the successor fails, the worker goes on.
func (k *keeper) replace(w *cluster.Worker) *cluster.Worker {
	next, err := k.fork()
	if err == nil {
		k.note(func(is *PlaceStatus) { is.Successor = next })
		select {
		case <-next.Listening():
			k.keeping.Go(func() { k.end(w) })
			k.noteWorker(next)
			return next
		case <-w.Exited():
			k.noteWorker(next)
			return next
		case <-next.Exited():
			err = fmt.Errorf("it has ended (%s)", ended(next.ExitStatus()))
		case <-k.leaving:
			k.keeping.Go(func() { k.end(next) })
			return w
		case <-k.ctx.Done():
			return w
		}
		k.note(func(is *PlaceStatus) { is.Successor = nil })
	}
	k.log.add(levelError, fmt.Sprintf("[master] the new %s has failed, and the one that was there goes on: %v", k.mixed.Program, err))
	return w
}

func (k *keeper) fork() (*cluster.Worker, error) {
	settings := k.primary.Settings()
	settings.Exec, settings.ExecArgv, settings.Runtime = "", nil, ""
	settings.ExecPath, settings.Args = k.mixed.Program, k.mixed.Args
	return k.forkWith(k.place, settings)
}

// end has a worker answer the requests that it has, and end, within the time of app workers.
func (k *keeper) end(w *cluster.Worker) {
	ctx, cancel := context.WithTimeout(k.ctx, k.appTimeout())
	defer cancel()
	w.Shutdown(ctx)
}
