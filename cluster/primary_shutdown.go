package cluster

import (
	"context"
	"errors"
	"sync"
)

// Shutdown ends all workers, each as [Worker.Shutdown] does, at the same time and with one deadline: that of ctx, or
// [DefaultShutdownTimeout]. A worker that is forked meanwhile is ended too. It returns when all are gone and the sockets are closed,
// with the errors of the workers that had to be killed.
//
// Workers whose connections go on at half of the time get their signals one after the other, the last one at three quarters of it: so
// clients with long connections, such as WebSockets, do not all come to other servers in one moment. That is in the order of their IDs,
// in steps of one length.
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
	turns := newSignalTurns(ctx)
	stop := func(w *Worker) {
		turns.add(w)
		stops.Go(func() {
			err := w.shutDown(ctx, turns)
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
	p.closeHeld()
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
