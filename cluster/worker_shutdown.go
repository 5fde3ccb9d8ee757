package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"
)

// DefaultShutdownTimeout is the time that [Worker.Shutdown] and [Primary.Shutdown] have when their context has no deadline.
const DefaultShutdownTimeout = 5 * time.Second

// tellPause is how long a worker whose channel has ended may take to end by itself before it is told to.
const tellPause = 200 * time.Millisecond

// ErrKilled is what [Worker.Shutdown] returns for a worker that had to be killed.
var ErrKilled = errors.New("it did not end in time and was killed")

// StopMethod is how [Worker.Shutdown] asks a worker to end.
type StopMethod string

const (
	// StopDisconnect: the worker is asked to leave, as by [Worker.Disconnect], and gets the StopSignal of its settings only if it goes
	// on after that. It is the default. A handler of the signal in the program runs only then.
	StopDisconnect StopMethod = "disconnect"
	// StopBySignal: the worker gets the signal at once. It goes on to get connections until it closes its servers, and is asked to leave
	// then. It is for a program that has a handler of the signal. One that has none ends at once, with the requests that it has.
	StopBySignal StopMethod = "signal"
)

func stopMethods() []StopMethod { return []StopMethod{StopDisconnect, StopBySignal} }

// check returns an error for a method that is not known.
func (m StopMethod) check() error {
	if m == "" || m == StopDisconnect || m == StopBySignal {
		return nil
	}
	return fmt.Errorf("cluster: stop method %q is not known; use %s", m, quoted(stopMethods()))
}

// stopping is how a worker is stopped.
type stopping struct {
	method     StopMethod
	signal     syscall.Signal
	leadsGroup bool // the worker has a process group of its own
}

func (s *Settings) stopping() stopping {
	how := stopping{method: s.StopMethod, signal: s.StopSignal, leadsGroup: leadsGroup(s.SysProcAttr)}
	if how.signal == 0 {
		how.signal = syscall.SIGTERM
	}
	return how
}

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
// If the settings' StopMethod is [StopBySignal], the signal comes first. A worker gets it once, however often Shutdown is called.
//
// A worker that leads a process group, by Setpgid or Setsid of Settings.SysProcAttr, is killed with its group. What it has left there
// when it ends is killed too.
//
// It panics when a [Balancer] calls it.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.primary.mustNotWait("Shutdown of a worker")
	ctx, cancel := withShutdownTimeout(ctx)
	defer cancel()
	if w.IsDead() {
		<-w.life.exited
		return nil
	}
	w.reaps.Store(true)
	w.left.Store(true)
	if w.stop.method == StopBySignal || w.life.now() == started {
		w.tellToEnd()
	}
	if w.stop.method == StopBySignal {
		w.primary.loop.Post(w.hasSignal)
	} else {
		w.Disconnect()
	}
	if w.endsBeforeKill(ctx) {
		return nil
	}
	return w.killAndWait(ctx)
}

// tellToEnd sends the signal, once: a program that handles it once would end at the second.
func (w *Worker) tellToEnd() {
	if !w.signalled.Swap(true) {
		w.child.Signal(w.stop.signal)
	}
}

func withShutdownTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, DefaultShutdownTimeout)
}

// endsBeforeKill waits for the end of the process, and sends the signal when it is time to. It reports whether the process has ended
// before ctx.
func (w *Worker) endsBeforeKill(ctx context.Context) bool {
	deadline, _ := ctx.Deadline()
	tell := time.NewTimer(time.Until(deadline) / 2)
	defer tell.Stop()
	done := w.child.Done()
	for {
		select {
		case <-w.life.exited:
			return true
		case <-done:
			done = nil
			// A worker that has closed its servers by itself was told by somebody else, and its connections may go on.
			if !w.leftFirst.Load() {
				tell.Reset(min(tellPause, time.Until(deadline)/2))
			}
		case <-tell.C:
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

// kill sends SIGKILL to the worker's process and to its group, of which nothing is to be left.
func (w *Worker) kill() error {
	w.reaps.Store(true)
	err := w.child.Signal(syscall.SIGKILL)
	if err == nil && w.stop.leadsGroup {
		killGroup(w.Pid())
	}
	return err
}

// killRemains kills what a worker that was to end has left in its group.
func (w *Worker) killRemains() {
	if w.stop.leadsGroup && w.reaps.Load() {
		killRemains(w.Pid())
	}
}

// Shutdown ends all workers, each as [Worker.Shutdown] does, at the same time and with one deadline: that of ctx, or
// [DefaultShutdownTimeout]. A worker that is forked meanwhile is ended too. It returns when all are gone and the sockets are closed,
// with the errors of the workers that had to be killed.
//
// It panics when a [Balancer] calls it.
func (p *Primary) Shutdown(ctx context.Context) error {
	p.mustNotWait("Shutdown of all workers")
	ctx, cancel := withShutdownTimeout(ctx)
	defer cancel()
	var (
		stops sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	stop := func(w *Worker) {
		stops.Go(func() {
			err := w.Shutdown(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	gone := make(chan struct{})
	if err := p.loop.Call(func() { p.shutDownAll(stop, gone) }); err != nil {
		return nil
	}
	<-gone
	stops.Wait()
	return errors.Join(errs...)
}

// shutDownAll calls stop for each worker, and for those to come until none is left.
func (p *Primary) shutDownAll(stop func(*Worker), gone chan struct{}) {
	p.onLoop.leaving = true
	p.onLoop.stops = append(p.onLoop.stops, stop)
	var asked []*Worker
	for _, w := range p.inOrder() {
		if w.stop.method != StopBySignal {
			asked = append(asked, w)
		}
		stop(w)
	}
	p.disconnect(asked...)
	p.onLoop.empty = append(p.onLoop.empty, gone)
	p.notifyEmpty()
}

// Kill sends SIGKILL to all workers that run, with their process groups, and returns at once: it does not wait for the primary's loop,
// nor for their ends.
func (p *Primary) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.running {
		w.kill()
	}
}
