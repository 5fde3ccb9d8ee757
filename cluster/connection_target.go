package cluster

import (
	"math"
	"time"
)

// maxInFlight is how many connections may be on their way to a target at once. Node's primary has one; with more, a worker
// that is busy for a moment finds the next connections waiting.
const maxInFlight = 8

// A target that takes longer than slowAnswer to answer does not keep up, and gets fewer at once. In a crowd it waits for a CPU
// that long though it keeps up.
const (
	slowAnswer        = 20 * time.Millisecond
	slowAnswerInCrowd = 200 * time.Millisecond
)

// A target that refuses a connection is left alone for a moment: it closes its server, and says so soon, or it has
// as many connections as it wants, and does not say when that changes.
const (
	minRefusalPause = time.Millisecond
	maxRefusalPause = 128 * time.Millisecond
)

// latencyHalfLife is how long it takes a latency that no answer confirms to fade to its half.
const latencyHalfLife = time.Second

// A Target is a worker as one that serves a certain listening socket. Its methods may be called on the primary's loop
// only, which is where a [Balancer] is called.
type Target struct {
	// Data is the balancer's own.
	Data any

	dispatcher *dispatcher
	worker     *Worker

	inFlight     int
	window       int // how many may be in flight
	latency      time.Duration
	measured     time.Duration // when latency was
	refusalPause time.Duration
	suspended    bool
	gone         bool
	counted      bool  // among those that are available
	held         []int // connections that wait for this target
	place        queuePlace
}

// Worker is the worker itself.
func (target *Target) Worker() *Worker { return target.worker }

// InFlight is how many connections were sent to the worker and not answered yet.
func (target *Target) InFlight() int { return target.inFlight }

// Available reports whether a connection that is given to the worker would go to it at once: it has answered enough of those
// that it got, and its channel is not full.
func (target *Target) Available() bool {
	return !target.gone && !target.suspended && target.inFlight < target.window
}

// Latency is how long the worker takes to answer for a connection, which is how long its event loop keeps things waiting:
// the longest time lately, which fades by half every second.
func (target *Target) Latency() time.Duration { return target.latencyAt(target.dispatcher.now()) }

func newTarget(d *dispatcher, w *Worker) *Target { return &Target{dispatcher: d, worker: w, window: 1} }

// latencyAt is the latency as it has faded by now.
func (target *Target) latencyAt(now time.Duration) time.Duration {
	age := now - target.measured
	if target.latency == 0 || age <= 0 {
		return target.latency
	}
	return time.Duration(float64(target.latency) * math.Exp2(-float64(age)/float64(latencyHalfLife)))
}

// measure takes the time from an offer to its answer into account. A long one counts at once and wholly: a worker that is
// busy by turns answers quickly between them, and the next connection would wait for it.
func (target *Target) measure(sent, now time.Duration) {
	took := now - sent
	if took > target.latencyAt(now) {
		target.latency, target.measured = took, now
	}
	if took > slowAnswer && (took > slowAnswerInCrowd || !target.dispatcher.crowded()) {
		target.window = max(target.window/2, 1)
	} else if target.window < maxInFlight {
		target.window++
	}
}

// accepted: the worker has a connection and may get another.
func (target *Target) accepted(sent time.Duration) {
	target.refusalPause = 0
	target.measure(sent, target.dispatcher.now())
	target.answered()
}

func (target *Target) answered() {
	target.inFlight--
	target.dispatcher.changed(target)
	target.dispatcher.schedule()
}

// refused: the connection goes to another target, and this one gets none for a while, and then a single one.
func (target *Target) refused(connection int) {
	target.window = 1
	target.answered()
	target.dispatcher.redispatch(connection)
	if target.gone || target.suspended {
		return
	}
	target.refusalPause = min(max(2*target.refusalPause, minRefusalPause), maxRefusalPause)
	target.suspend()
	time.AfterFunc(target.refusalPause, func() { target.dispatcher.primary.loop.Post(target.retry) })
}

// suspend has the target passed over until retry.
func (target *Target) suspend() {
	target.suspended = true
	target.dispatcher.changed(target)
}

// retry is for a target that was suspended because its channel was full, or it rests.
func (target *Target) retry() {
	if target.suspended {
		target.suspended = false
		target.dispatcher.changed(target)
		target.dispatcher.schedule()
	}
}
