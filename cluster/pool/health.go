package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/probe"
)

// checks are those of one worker by one probe. All but last is the supervisor's.
type checks struct {
	probe   *Probe
	kind    checkKind
	worker  *cluster.Worker
	address cluster.Address // what is connected to
	env     []string
	healthy bool // by the checks so far
	passed  bool // one has succeeded

	mu   sync.Mutex
	last error // what the last check that was made has come to
}

// checkKind is what checks are for, as a Progress says it.
type checkKind string

const (
	startup   checkKind = "startup"
	readiness checkKind = "readiness"
	liveness  checkKind = "liveness"
)

// replaces reports whether a worker that fails is replaced.
func (k checkKind) replaces() bool { return k != readiness }

// suspends reports whether a worker gets no connections before it has passed.
func (k checkKind) suspends() bool { return k != liveness }

func (c *checks) setLast(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = err
}

// answer is what the last check has come to, as "GET /healthz: status 503".
func (c *checks) answer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return c.probe.String()
	}
	return fmt.Sprintf("%v: %v", c.probe, c.last)
}

// beginChecks begins the checks of a worker that can be made by now: it listens on an address, or, if that is nil, says that it runs.
func (p *Pool) beginChecks(w *cluster.Worker, address *cluster.Address) {
	t := p.tenantOf(w)
	if t == nil {
		return
	}
	if t.startup == nil {
		t.startup = p.beginCheck(w, startup, p.options.Startup, address)
	}
	if !p.hasStarted(t) {
		return
	}
	if t.readiness == nil {
		t.readiness = p.beginCheck(w, readiness, p.options.Readiness, address)
	}
	if t.liveness == nil {
		t.liveness = p.beginCheck(w, liveness, p.options.Liveness, address)
	}
}

// hasStarted reports whether a worker has passed Options.Startup, if there is one.
func (p *Pool) hasStarted(t *tenant) bool {
	return p.options.Startup == nil || t.startup != nil && t.startup.passed
}

// beginAllChecks begins the checks of a worker that has listened before it had a place, or before it had started.
func (p *Pool) beginAllChecks(t *tenant) {
	p.beginChecks(t.worker, nil)
	for _, address := range t.listens.sorted() {
		p.beginChecks(t.worker, &address)
	}
}

// beginCheck begins the checks by one probe, if there is one and its server is there. They end with the worker, or the pool.
func (p *Pool) beginCheck(w *cluster.Worker, kind checkKind, by *Probe, address *cluster.Address) *checks {
	if by == nil || by.connects() && (address == nil || !by.isFor(*address)) {
		return nil
	}
	c := &checks{probe: by, kind: kind, worker: w, healthy: kind != readiness}
	c.env = append(slices.Clone(p.seatOf(w).env), "NODECLUSTER_PID="+strconv.Itoa(w.Pid()))
	if address != nil {
		c.address = *address
	}
	if kind.suspends() {
		if err := w.SuspendConnections(); err != nil { // it is already, where that can be
			p.tellOnce("suspend", w, fmt.Errorf("pool: readiness does not keep clients from workers: %w", err))
		}
	}
	p.endings.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { p.runChecks(ctx, c) })
		select {
		case <-w.Disconnected():
		case <-w.Exited():
		case <-p.done:
		}
		cancel()
		running.Wait()
	})
	return c
}

// runChecks makes the checks until ctx ends.
func (p *Pool) runChecks(ctx context.Context, c *checks) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	replaces := replacer{pool: p, worker: c.worker, cause: Cause(c.kind), running: &running}
	defer replaces.set(false, "")
	passed := false
	target := probe.Target{Env: c.env, Dial: func(ctx context.Context) (net.Conn, error) { return c.worker.Dial(ctx, c.address) }}
	c.probe.internal().Run(ctx, target, c.kind != readiness, func(result probe.Result) {
		if errors.Is(result.Err, errors.ErrUnsupported) {
			p.ask(ctx, func() { p.cannotCheck(c, result.Err) })
			result = probe.Result{Healthy: true, Changed: true}
			defer cancel()
		}
		c.setLast(result.Err)
		if !result.Changed && (passed || result.Err != nil) {
			return
		}
		passed = passed || result.Err == nil
		if p.ask(ctx, func() { p.hearChecks(c, result) }) == nil && c.kind.replaces() {
			replaces.set(!result.Healthy, string(c.kind)+": "+c.answer())
		}
		if passed && c.kind == startup {
			cancel()
		}
	})
}

// cannotCheck tells of the first worker that cannot be connected to. It is taken for healthy.
func (p *Pool) cannotCheck(c *checks, err error) {
	p.tellOnce(string(c.kind), c.worker, fmt.Errorf("pool: %s is not checked of such workers: %w", c.kind, err))
}

// tellOnce tells of something that holds for many workers.
func (p *Pool) tellOnce(what string, w *cluster.Worker, err error) {
	if p.told[what] {
		return
	}
	if p.told == nil {
		p.told = map[string]bool{}
	}
	p.told[what] = true
	p.primary.EmitError(w, err)
}

// hearChecks is for a worker whose health has changed, or that was checked with success for the first time.
func (p *Pool) hearChecks(c *checks, result probe.Result) {
	t := p.tenantOf(c.worker)
	if t == nil {
		return // it leaves
	}
	p.changeTenant(t, string(c.kind), func() string {
		c.healthy, c.passed = result.Healthy, c.passed || result.Err == nil
		return c.answer()
	})
	switch place := p.triedIn(c.worker); {
	case place != nil && place.next == proving && !c.healthy:
		p.endTrial(place, fmt.Errorf("the new worker %d does not pass its health check any more (%s)", c.worker.ID(), c.answer()))
		return
	case place != nil && place.next == starting && c.kind == startup && !c.healthy:
		p.endTrial(place, fmt.Errorf("the new worker %d did not pass its startup check (%s)", c.worker.ID(), c.answer()))
		return
	}
	if c.kind == startup && c.passed {
		p.beginAllChecks(t)
	}
	p.promoteReady()
}

// isSuspended reports whether a worker is to get no connections.
func (p *Pool) isSuspended(t *tenant) bool {
	return t.blocked || !p.hasStarted(t) || p.options.Readiness != nil && (t.readiness == nil || !t.readiness.healthy)
}

// changeTenant changes what isSuspended depends on, by a function that says why, and has the worker get connections or none.
func (p *Pool) changeTenant(t *tenant, what string, change func() (reason string)) {
	before := p.isSuspended(t)
	reason := change()
	after := p.isSuspended(t)
	if before == after {
		return
	}
	step := Resumed
	if after {
		step = Suspended
		t.worker.SuspendConnections()
	} else {
		t.worker.ResumeConnections()
	}
	p.tell(Progress{Change: what, Reason: reason, Step: step, Instance: p.seatOf(t.worker).number, Worker: t.worker})
}

// seatOf is the place that a worker has or is tried in, nil if there is none.
func (p *Pool) seatOf(w *cluster.Worker) *place { return cmp.Or(p.placeOf(w), p.triedIn(w)) }

// missesCheck is which health check a successor has to pass before it is ready, as words, and "" if there is none.
func (p *Pool) missesCheck(t *tenant) string {
	by, c := p.options.Readiness, t.readiness
	if by == nil {
		by, c = p.options.Liveness, t.liveness
	}
	if !p.hasStarted(t) {
		by, c = p.options.Startup, t.startup
	}
	switch {
	case by == nil:
		return ""
	case t.liveness != nil && !t.liveness.healthy:
		return "pass its health check (" + t.liveness.answer() + ")"
	case c != nil && c.healthy && c.passed:
		return ""
	case c != nil:
		return "pass its health check (" + c.answer() + ")"
	case by.Port != 0:
		return fmt.Sprintf("pass its health check (%v: it does not listen on port %d)", by, by.Port)
	}
	return fmt.Sprintf("pass its health check (%v)", by)
}
