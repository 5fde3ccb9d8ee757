package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Kubernetes' defaults of a [Probe].
const (
	DefaultPeriod           = 10 * time.Second
	DefaultTimeout          = time.Second
	DefaultSuccessThreshold = 1
	DefaultFailureThreshold = 3
)

// startPeriod is the period of a target that was not healthy at first, until it is, if Period is longer: it is waited for.
const startPeriod = time.Second

// A Probe is a check, and when it is made and counts. A field that is zero is Kubernetes' default, which is no delay for InitialDelay.
type Probe struct {
	// Check is an [HTTPGet], a [TCPSocket] or an [Exec].
	Check Checker
	// InitialDelay is how long after the begin the first check is made.
	InitialDelay time.Duration
	// Period is how long after the begin of a check the next one begins. One that takes longer is waited for.
	Period time.Duration
	// Timeout is how long a check may take. One that takes longer has failed.
	Timeout time.Duration
	// SuccessThreshold is how many checks in a row have to succeed for a worker to be healthy that was not.
	SuccessThreshold int
	// FailureThreshold is how many checks in a row have to fail for a worker not to be healthy that was.
	FailureThreshold int
}

// A Checker makes one check. It returns nil if the check succeeds, and else why it does not. It returns soon once ctx has ended.
type Checker interface {
	Check(ctx context.Context, t Target) error
}

// A Target is what is checked.
type Target struct {
	// Dial connects to it. A check that connects ignores every other way.
	Dial func(context.Context) (net.Conn, error)
	// Env are variables as "K=V" for commands, on top of those of this process.
	Env []string
}

// A Result is what a check has come to.
type Result struct {
	// Err is why the check has failed; nil if it has not.
	Err error
	// Healthy is what the target is by all checks so far.
	Healthy bool
	// Changed is whether it was not so before this check.
	Changed bool
}

// Validate returns an error for a probe that makes no sense.
func (p Probe) Validate() error {
	switch {
	case p.Check == nil:
		return errors.New("no check: set HTTPGet, TCPSocket or Exec")
	case p.InitialDelay < 0 || p.Period < 0 || p.Timeout < 0:
		return errors.New("a time below 0: initial delay, period and timeout are 0 or more")
	case p.SuccessThreshold < 0 || p.FailureThreshold < 0:
		return errors.New("a threshold below 0: success and failure threshold are 1 or more, or 0 for the default")
	}
	if v, ok := p.Check.(interface{ validate() error }); ok {
		return v.validate()
	}
	return nil
}

func (p Probe) withDefaults() Probe {
	setDefault(&p.Period, DefaultPeriod)
	setDefault(&p.Timeout, DefaultTimeout)
	setDefault(&p.SuccessThreshold, DefaultSuccessThreshold)
	setDefault(&p.FailureThreshold, DefaultFailureThreshold)
	return p
}

func setDefault[T int | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// Run checks the target until ctx ends, and calls checked after each check. Before the first change
// the target is healthy or not as the caller says: Kubernetes' liveness begins healthy, its readiness does not. One that begins
// without is checked every second until it is healthy, if Period is longer. The probe has to be valid.
// A check that is under way when ctx ends does not count.
func (p Probe) Run(ctx context.Context, t Target, healthy bool, checked func(Result)) {
	p = p.withDefaults()
	if !sleep(ctx, p.InitialDelay) {
		return
	}
	h := health{healthy: healthy}
	period := p.Period
	if !healthy {
		period = min(period, startPeriod)
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		err := p.check(ctx, t)
		if ctx.Err() != nil {
			return
		}
		changed := h.after(err == nil, p.SuccessThreshold, p.FailureThreshold)
		if h.healthy && period != p.Period {
			period = p.Period
			ticker.Reset(period)
		}
		checked(Result{err, h.healthy, changed})
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// check makes one check within the timeout.
func (p Probe) check(ctx context.Context, t Target) error {
	late := fmt.Errorf("no answer within %v", p.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, p.Timeout, late)
	defer cancel()
	err := p.Check.Check(ctx, t)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// sleep waits, and reports whether ctx has not ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
