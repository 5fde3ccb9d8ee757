package pool

import (
	"context"
	"errors"
)

// Shutdown ends all workers at once, as [cluster.Primary.Shutdown] does within Options.KillTimeout, or until ctx ends if that is sooner.
// Nothing is restarted any more. It is safe to call twice, and beside Close.
//
// With Options.LameDuck, Ready says no from the call on, and the workers go on for that long before they are asked to leave. That ends
// sooner when Shutdown is called again meanwhile, ctx ends or the pool is closed.
func (p *Pool) Shutdown(ctx context.Context) {
	p.beLameDuck(ctx)
	p.stop()
	defer p.endings.Wait()
	ctx, cancel := context.WithTimeout(ctx, p.options.KillTimeout)
	defer cancel()
	p.primary.Shutdown(ctx)
}

// Kill sends SIGKILL to all workers, as [cluster.Primary.Kill] does, and returns at once. Those that the pool restarts have successors.
func (p *Pool) Kill() { p.primary.Kill() }

// Close kills the workers that are left, waits for their ends and frees everything, as [cluster.Primary.Close]. Nothing is
// restarted any more. It is safe to call twice.
func (p *Pool) Close() error {
	p.stop()
	p.own.Close()
	defer p.endings.Wait()
	defer p.stopRouting()
	defer p.endHearing()
	return errors.Join(p.primary.Close(), p.preload.Close())
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
