package pool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// change is a reload, a restart or a growth of the pool that is under way. One is at a time, and it is the supervisor's until done
// is closed.
type change struct {
	name     string
	reason   string // if the pool makes it by itself
	cause    Cause  // if it is a replacement
	instance int    // that it is about, or allInstances
	options  ReloadOptions
	canary   bool               // the first successor is tried alone, and has to stay well
	switches bool               // all successors get their places in one moment
	shares   bool               // it was told that workers of both releases share a socket
	oldFirst bool               // workers leave before their successors come, and each stands for itself
	held     bool               // whether sockets were held for successors of workers that leave, before it was oldFirst
	grows    bool               // the places are new
	settings []cluster.Settings // of new places, once it is done; nil if they stay as they are
	todo     []task
	trials   int               // under way
	did      []task            // for each place that has a successor, what was there before
	undos    map[*place]int    // how often it was tried to have again what was there before
	leaving  []<-chan struct{} // closed when workers without a place have ended
	err      error             // why it has failed
	done     chan struct{}

	replaced, kept []int // the instances that have a new worker in the end, and the others
}

func newChange(name string, o ReloadOptions) *change {
	return &change{name: name, instance: allInstances, options: o, done: make(chan struct{})}
}

// task is to try a successor in a place.
type task struct {
	place    *place
	settings cluster.Settings
}

// progress is a step of the change, about an instance or all.
func (c *change) progress(step Step, instance int, w *cluster.Worker, err error) Progress {
	return Progress{c.name, c.reason, c.cause, step, instance, w, err}
}

// hasDone reports whether the place has a successor by the change.
func (c *change) hasDone(place *place) bool {
	return slices.ContainsFunc(c.did, func(t task) bool { return t.place == place })
}

// bake is how long a successor is to stay well that is tried now.
func (c *change) bake() time.Duration {
	if !c.canary {
		return 0
	}
	return c.options.Bake
}

// parallel is how many successors may be tried at a time.
func (c *change) parallel() int {
	if c.canary {
		return 1
	}
	return c.options.Parallel
}

// begin makes a change the one that is under way.
func (p *Pool) begin(c *change) {
	p.change = c
	p.tell(c.progress(Begun, c.instance, nil, nil))
	p.goOn(c)
}

// goOn tries the next successors of a change, and ends it after the last.
func (p *Pool) goOn(c *change) {
	for c.trials < c.parallel() && len(c.todo) > 0 {
		next := c.todo[0]
		c.todo = c.todo[1:]
		c.trials++
		if c.oldFirst {
			p.leaveFirst(c, next)
		} else {
			p.try(c, next)
		}
	}
	if c.trials > 0 || p.change != c {
		return
	}
	if p.standsBy() {
		p.switchOver(c)
		return
	}
	p.change = nil
	if c.oldFirst {
		p.holdWhenLeaving(c.held)
	}
	for _, place := range p.places {
		if c.hasDone(place) {
			c.replaced = append(c.replaced, place.number)
		} else {
			c.kept = append(c.kept, place.number)
		}
	}
	step := Ended
	if c.err != nil {
		step = Failed
	} else if c.settings != nil {
		p.settings = c.settings
		c.leaving = append(c.leaving, p.dismissSpares()...)
	}
	p.tell(c.progress(step, c.instance, nil, c.err))
	close(c.done)
}

// trialSucceeded is for a place whose successor has it by now.
func (p *Pool) trialSucceeded(c *change, before task) {
	c.trials--
	c.canary = false
	if c.err == nil || c.oldFirst {
		c.did = append(c.did, before)
	} else { // it was changed back
		c.did = slices.DeleteFunc(c.did, func(t task) bool { return t.place == before.place })
	}
	p.goOn(c)
}

// trialFailed is for a place whose successor does not get it. The output are the last lines that it printed.
func (p *Pool) trialFailed(c *change, place *place, err error, output []string) {
	if c.oldFirst {
		p.succeedTrial(place)
	}
	if failed := (&InstanceError{place.number, output, err}); c.err == nil || c.oldFirst {
		p.fail(c, failed)
	} else {
		p.undoAgain(c, place, failed)
	}
	p.goOn(c)
}

// fail ends a change: the successors that are tried leave, and what was changed is changed back.
func (p *Pool) fail(c *change, err error) {
	if c.err != nil {
		return
	}
	c.err = err
	if c.oldFirst {
		return
	}
	c.todo = nil
	for _, place := range p.places {
		if place.trial != nil {
			p.dropTrial(place)
		}
	}
	if c.grows {
		p.close(c, p.opened(c))
		p.resize(len(p.ownPlaces()), "")
		return
	}
	c.todo = p.undo(c.did)
}

// undo has workers to come in the places where a change has done something be what they were before. It returns what is to be done
// where a worker runs that is not.
func (p *Pool) undo(did []task) (todo []task) {
	for _, before := range did {
		place := before.place
		if place.worker != nil && !isSameProgram(&place.settings, &before.settings) {
			todo = append(todo, before)
		}
		place.settings = before.settings
	}
	return todo
}

// maxUndos is how often it is tried to bring a worker back that was there before a change has failed.
const maxUndos = 3

// undoAgain is for a place whose worker of before could not be brought back: it may have been killed.
func (p *Pool) undoAgain(c *change, at *place, err error) {
	if c.undos == nil {
		c.undos = map[*place]int{}
	}
	if c.undos[at]++; c.undos[at] < maxUndos {
		c.todo = append(c.todo, task{at, at.settings})
		return
	}
	p.primary.EmitError(nil, fmt.Errorf("pool: %s: a worker of before cannot be started, and the new one goes on: %w", c.name, err))
}

// blameRelease ends a change whose new workers turn out to fail after all.
func (p *Pool) blameRelease(place *place, err error) {
	c := p.change
	if c == nil || c.oldFirst || !c.hasDone(place) {
		return
	}
	p.fail(c, &InstanceError{place.number, nil, fmt.Errorf("the new worker has failed: %w", err)})
	p.goOn(c)
}

// isSameProgram reports whether workers of both settings run the same program in the same way.
func isSameProgram(a, b *cluster.Settings) bool {
	return a.Exec == b.Exec && a.ExecPath == b.ExecPath && a.Cwd == b.Cwd &&
		slices.Equal(a.Args, b.Args) && slices.Equal(a.ExecArgv, b.ExecArgv) && slices.Equal(a.Env, b.Env)
}

// carryOut has begin begin a change, and waits for its end, and for that of the workers that have to leave. When ctx ends it ends the
// change.
func (p *Pool) carryOut(ctx context.Context, c *change, begin func() error) error {
	if err := p.takeTurn(ctx, c.options.Wait); err != nil {
		return fmt.Errorf("pool: %s: %w", c.name, err)
	}
	defer func() { <-p.changing }()
	if c.options.WaitReady && !p.options.Reload.WaitReady {
		defer p.hearReady()()
	}
	err := begin()
	if err == nil {
		err = p.awaitEnd(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("pool: %s: %w", c.name, err)
	}
	return nil
}

// takeTurn makes the caller the one whose change is under way.
func (p *Pool) takeTurn(ctx context.Context, waits bool) error {
	select {
	case p.changing <- struct{}{}:
		return nil
	default:
	}
	if !waits {
		return ErrReloading
	}
	select {
	case p.changing <- struct{}{}:
		return nil
	case <-p.done:
		return p.closedError()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitEnd waits for the end of a change and of all that leaves by it.
func (p *Pool) awaitEnd(ctx context.Context, c *change) error {
	cancelled := ctx.Done()
	if c.oldFirst {
		cancelled = nil
	}
	select {
	case <-c.done:
	case <-p.done:
	case <-cancelled:
		p.ask(context.Background(), func() { p.cancel(c, context.Cause(ctx)) })
	}
	select {
	case <-c.done:
	case <-p.done:
		return p.closedError()
	}
	for _, left := range c.leaving {
		select {
		case <-left:
		case <-ctx.Done():
			return cmp.Or(c.err, fmt.Errorf("it is done, but for workers that have not left yet: %w", context.Cause(ctx)))
		}
	}
	return c.err
}

// cancel ends a change, if it is under way still.
func (p *Pool) cancel(c *change, cause error) {
	if p.change == c {
		p.fail(c, fmt.Errorf("cancelled: %w", cause))
		p.goOn(c)
	}
}

// hearReady has workers be heard that send "ready", until stop is called.
func (p *Pool) hearReady() (stop func()) {
	messages := p.primary.Subscribe(cluster.MessageEvent{})
	messages.KeepAll()
	var hearing sync.WaitGroup
	hearing.Go(func() {
		for event := range messages.Events(context.Background()) {
			if e := event.(cluster.MessageEvent); saysReady(e.Message) {
				p.ask(context.Background(), func() { p.isReady(e.Worker) })
			}
		}
	})
	return func() {
		messages.Close()
		hearing.Wait()
	}
}

// saysReady reports whether a message is the string "ready".
func saysReady(m nodeipc.Message) bool {
	var text string
	return len(m.Payload()) < 64 && m.Decode(&text) == nil && text == "ready"
}

// isReady is for a worker that has sent "ready".
func (p *Pool) isReady(w *cluster.Worker) {
	if t := p.tenantOf(w); t != nil {
		t.sentReady = true
	}
	if place := p.triedIn(w); place != nil {
		p.promoteIfReady(place)
	}
}
