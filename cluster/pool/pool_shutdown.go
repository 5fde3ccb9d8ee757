package pool

import (
	"context"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
)

// Shutdown asks all workers to leave, lets them finish what they are at, and waits for their ends. Nothing is restarted any more.
// A worker that has not left after half of Options.KillTimeout, but is done with its connections, gets SIGTERM; one that has not
// ended after all of it, or when ctx ends, is killed. It is safe to call twice, and beside Close.
func (p *Pool) Shutdown(ctx context.Context) {
	p.stop()
	defer p.endings.Wait()
	p.retire()
	gentle, cancel := context.WithTimeout(ctx, p.options.KillTimeout/2)
	defer cancel()
	if p.primary.Disconnect(gentle) == nil {
		return
	}
	p.signalLeft()
	firm, cancel := context.WithTimeout(ctx, p.options.KillTimeout/2)
	defer cancel()
	if p.primary.Disconnect(firm) == nil {
		return
	}
	p.signal(syscall.SIGKILL, func(*cluster.Worker) bool { return true })
	p.primary.Disconnect(context.Background())
}

// Close kills the workers that are left, waits for their ends and frees everything, as [cluster.Primary.Close]. Nothing is
// restarted any more. It is safe to call twice.
func (p *Pool) Close() error {
	p.stop()
	p.own.Close()
	defer p.endings.Wait()
	return p.primary.Close()
}

// stop ends the supervision, if there is one, and waits for its end. Nothing is held for successors then.
func (p *Pool) stop() {
	p.mu.Lock()
	if !p.started && !p.stopped {
		close(p.done)
	}
	p.stopped = true
	p.halt()
	p.mu.Unlock()
	<-p.done
	for _, place := range p.places {
		place.releaseListeners()
	}
}

// retire tells workers to leave that have never said a word on the channel, in the one way that any program
// understands.
func (p *Pool) retire() {
	p.signal(syscall.SIGTERM, func(w *cluster.Worker) bool { return w.State() == cluster.StateNone })
}

// signalLeft tells those to end that are done with their connections, but keep running for something else.
func (p *Pool) signalLeft() {
	p.signal(syscall.SIGTERM, func(w *cluster.Worker) bool { return w.State() == cluster.StateDisconnected })
}

// signal sends some of the workers a signal. The supervision has ended, so that nobody changes the places.
func (p *Pool) signal(s syscall.Signal, which func(*cluster.Worker) bool) {
	for _, place := range p.places {
		if w := place.worker; w != nil && !w.IsDead() && which(w) {
			w.Kill(s) // it may have ended by now
		}
	}
}
