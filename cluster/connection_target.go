package cluster

import (
	"math"
	"time"
)

// maxInFlight is how many connections may be on their way to a target at once. Node's primary has one. With more, a worker
// that is busy for a moment finds the next connections waiting.
const maxInFlight = 8

// A target that takes longer than slowAnswer to answer does not keep up, and gets fewer connections at once. Where workers are
// oversubscribed, one that keeps up may wait for a CPU as long as that.
const (
	slowAnswer               = 20 * time.Millisecond
	slowAnswerOversubscribed = 200 * time.Millisecond
)

// A target that refuses a connection gets none for a moment. Either its worker is closing the server, and says so soon; or it has
// as many connections as it wants, and does not say when it wants more.
const (
	minRefusalPause = time.Millisecond
	maxRefusalPause = 128 * time.Millisecond
)

// latencyHalfLife is how long a latency that no answer confirms takes to fade to its half.
const latencyHalfLife = time.Second

// A Target is a worker in its part as a server of one listening socket. Its methods may be called on the primary's loop
// only, which is where a [Balancer] is called.
type Target struct {
	// Data is for the balancer to use. The primary does not touch it.
	Data any

	dispatcher *dispatcher
	worker     *Worker

	inFlight     int           // connections that were offered and not answered
	window       int           // how many may be in flight
	maxWindow    int           // the most that window may become
	latency      time.Duration // as it was at the time measured
	measured     time.Duration // by the dispatcher's now
	refusalPause time.Duration // the last one; 0 since a connection was accepted
	paused       bool          // until retry
	suspended    bool          // as Worker.SuspendConnections says
	gone         bool          // has left, or has not joined
	isCounted    bool          // in the dispatcher's available
	assigned     []Connection  // connections that wait for this target
	place        queuePlace
}

// Worker returns the worker.
func (target *Target) Worker() *Worker { return target.worker }

// InFlight returns how many connections were sent to the worker and not answered yet.
func (target *Target) InFlight() int { return target.inFlight }

// Available reports whether a connection that the balancer chooses this target for is sent to the worker at once. Otherwise it waits:
// the worker has to answer for others first, or has refused one just now, or its channel is full, or it is suspended.
func (target *Target) Available() bool {
	return !target.gone && !target.suspended && !target.paused && target.inFlight < target.window
}

// Suspended reports whether the worker gets no connections for now: see [Worker.SuspendConnections]. A connection that waits for it may
// wait for long.
func (target *Target) Suspended() bool { return target.suspended }

// Latency returns how long the worker takes to answer for a connection, which is how long its event loop keeps things waiting. It
// is the longest time of late: one that no later answer confirms fades by half every second.
func (target *Target) Latency() time.Duration { return target.latencyAt(target.dispatcher.now()) }

// newTarget makes a target that has not joined yet.
func newTarget(d *dispatcher, w *Worker) *Target {
	return &Target{dispatcher: d, worker: w, window: 1, maxWindow: maxInFlight, suspended: w.onLoop.suspended, gone: true}
}

// latencyAt returns what is left of the latency at a time.
func (target *Target) latencyAt(now time.Duration) time.Duration {
	age := now - target.measured
	if target.latency == 0 || age <= 0 {
		return target.latency
	}
	return time.Duration(float64(target.latency) * math.Exp2(-float64(age)/float64(latencyHalfLife)))
}

// measure takes the time from an offer to its answer into account. A long time counts at once and fully: a worker that is now busy
// and now not answers quickly in between, and the next connection would wait for it.
func (target *Target) measure(sent, now time.Duration) {
	took := now - sent
	if took > target.latencyAt(now) {
		target.latency, target.measured = took, now
	}
	if took > slowAnswer && (took > slowAnswerOversubscribed || !target.dispatcher.isOversubscribed()) {
		target.window = max(target.window/2, 1)
	} else if target.window < target.maxWindow {
		target.window++
	}
}

// accepted ends an offer that was accepted.
func (target *Target) accepted(sent time.Duration) {
	target.refusalPause = 0
	target.worker.onLoop.accepted++
	target.measure(sent, target.dispatcher.now())
	target.answered()
}

func (target *Target) answered() {
	target.inFlight--
	target.dispatcher.offered--
	target.dispatcher.changed(target)
	target.dispatcher.schedule()
}

// refused ends an offer that was refused. The connection goes to another target. This one gets none for a while, and then one at
// a time.
func (target *Target) refused(connection Connection) {
	target.window = 1
	target.answered()
	target.dispatcher.redispatch(connection)
	if target.gone || target.paused {
		return
	}
	target.refusalPause = min(max(2*target.refusalPause, minRefusalPause), maxRefusalPause)
	target.pause()
	time.AfterFunc(target.refusalPause, func() { target.dispatcher.primary.loop.Post(target.retry) })
}

// lost ends an offer that will not be answered any more.
func (target *Target) lost(connection Connection) {
	target.dispatcher.offered--
	target.dispatcher.redispatch(connection)
}

// pause makes the target unavailable until retry is called.
func (target *Target) pause() {
	target.paused = true
	target.dispatcher.changed(target)
}

// retry ends a pause: the worker's channel has room again, or the pause after a refusal is over.
func (target *Target) retry() {
	if target.paused {
		target.paused = false
		target.dispatcher.changed(target)
		target.dispatcher.schedule()
	}
}
