package cluster

import (
	"slices"
	"time"
)

// Lag is how long a worker's event loop keeps things waiting: the time that the worker takes to read a message of the primary's. It is
// what [Settings.LagPeriod] has measured, exact to a millisecond, or to a quarter of a longer time, and never too short.
//
// A message that is not read yet counts with the time until now.
type Lag struct {
	// Last is the last one.
	Last time.Duration
	// P50 and P99 are the median and the 99th percentile of the last minute, or of the last 600 measurements if these are fewer.
	P50, P99 time.Duration
}

// The measurements of a worker that are kept.
const (
	lagWindow     = time.Minute
	maxLagSamples = 600
)

// Lag returns how long the worker's event loop keeps things waiting. It is zero before the first measurement, which
// [Settings.LagPeriod], [Settings.MaxLag] or [Worker.Ping] asks for, and anywhere but on Linux, where the system does not tell what a
// worker has read.
//
// The worker has no part in it: no code of it is run and no answer is awaited, so that it holds for every runtime, and for a worker
// that is blocked, stopped or waits for a CPU.
func (w *Worker) Lag() (lag Lag) {
	w.primary.loop.Call(func() { lag = w.onLoop.lag.summary(w.primary.now()) })
	return lag
}

// BlockedFor returns how long the worker has not read the message by which its lag is measured now, at the time of the call. It is 0
// for one that has read it, and where [Worker.Lag] is zero.
func (w *Worker) BlockedFor() (waited time.Duration) {
	w.primary.loop.Call(func() {
		if l := &w.onLoop.lag; l.pinged && w.onLoop.channel.HasUnread() {
			waited = w.primary.now() - l.sent
		}
	})
	return waited
}

// workerLag is what is known of a worker's lag. Times are those of Primary.now.
type workerLag struct {
	pinged  bool // it has been sent a message that it has not read, as far as is known
	seen    bool // it was looked at since, and had not read
	blocked bool // so a BlockedEvent has told
	sent    time.Duration
	look    time.Duration          // when to look next
	awaited []chan<- time.Duration // by those who wait until it has read
	samples []lagSample            // a ring once it has maxLagSamples
	oldest  int                    // in the ring
}

type lagSample struct{ at, lag time.Duration }

// begin is for a worker that has just been pinged.
func (l *workerLag) begin(now time.Duration) {
	l.pinged, l.seen = true, false
	l.sent, l.look = now, now+minReadPause
}

// wait is for a worker that was looked at and has not read. It is looked at again when it is blocked by then.
func (l *workerLag) wait(now, maxLag time.Duration) {
	l.seen, l.look = true, now+min(max((now-l.sent)/4, minReadPause), maxLagPause)
	if blocked := l.sent + maxLag; blocked > now {
		l.look = min(l.look, blocked)
	}
}

// end is for a worker that was looked at and has read.
func (l *workerLag) end(now time.Duration) {
	l.pinged = false
	l.add(lagSample{now, now - l.sent})
	for _, read := range l.awaited {
		read <- now - l.sent
	}
	l.awaited = nil
}

func (l *workerLag) add(s lagSample) {
	if len(l.samples) < maxLagSamples {
		l.samples = append(l.samples, s)
		return
	}
	l.samples[l.oldest] = s
	l.oldest = (l.oldest + 1) % maxLagSamples
}

// summary returns what the samples of the last minute come to.
func (l *workerLag) summary(now time.Duration) (lag Lag) {
	var lags []time.Duration
	for i := range l.samples {
		if s := l.samples[(l.oldest+i)%len(l.samples)]; now-s.at <= lagWindow {
			lags = append(lags, s.lag)
		}
	}
	if l.pinged && l.seen {
		lags = append(lags, now-l.sent)
	}
	if len(lags) == 0 {
		return Lag{}
	}
	lag.Last = lags[len(lags)-1]
	slices.Sort(lags)
	lag.P50, lag.P99 = percentile(lags, 50), percentile(lags, 99)
	return lag
}

// percentile returns the smallest of sorted values that so many percent of them do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)*percent+99)/100-1]
}
