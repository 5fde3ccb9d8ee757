package pool

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// What the zero values of Autoscale stand for.
const (
	DefaultMaxLag              = 20 * time.Millisecond
	DefaultStabilizationWindow = 5 * time.Minute
)

// Autoscale has the number of workers of the pool's settings follow the load. It grows within seconds while clients wait, by half at a
// time, and shrinks by one worker after each StabilizationWindow in which there was hardly anything to wait for.
//
// Clients wait while the median of the workers' lags ([cluster.Worker.Lag]) is MaxLag or more, or more connections than there are
// workers are in the queues ([cluster.Primary.Waiting]): both as the median of five seconds. If the pool has to grow soon after it has
// shrunk, it shrinks later the next time: after twice as long, up to sixteen times as long. So it does not go up and down under a steady
// load.
type Autoscale struct {
	// Min and Max are how many workers there are at least and at most. The zero values are no autoscaling.
	Min, Max int
	// MaxLag is the lag from which on the pool grows, [DefaultMaxLag] by default. It shrinks below a quarter of it.
	MaxLag time.Duration
	// StabilizationWindow is how long there must be hardly anything to wait for before a worker leaves, [DefaultStabilizationWindow] by
	// default, as in Kubernetes' HorizontalPodAutoscaler.
	StabilizationWindow time.Duration
}

func (a *Autoscale) isOn() bool { return *a != Autoscale{} }

// completeAutoscale checks what the options say of it, and sets the defaults. A pool begins with the least number.
func (o *Options) completeAutoscale() error {
	a := &o.Autoscale
	if !a.isOn() {
		return nil
	}
	setDefault(&o.Instances, a.Min)
	switch {
	case a.Min < 1 || a.Max < a.Min:
		return fmt.Errorf("Options.Autoscale is from %d to %d workers: use a Min of 1 or more, and a Max of Min or more", a.Min, a.Max)
	case o.Instances < a.Min || o.Instances > a.Max:
		return fmt.Errorf("Options.Instances is %d: use a number from %d to %d, as Options.Autoscale says", o.Instances, a.Min, a.Max)
	case a.MaxLag < 0:
		return fmt.Errorf("Options.Autoscale.MaxLag is %v: use a longer duration, or 0 for %v", a.MaxLag, DefaultMaxLag)
	case a.StabilizationWindow < 0:
		return fmt.Errorf("Options.Autoscale.StabilizationWindow is %v: use a longer duration, or 0 for %v", a.StabilizationWindow, DefaultStabilizationWindow)
	case runtime.GOOS != "linux":
		return fmt.Errorf("Options.Autoscale: only Linux tells how long workers lag: %w", errors.ErrUnsupported)
	}
	setDefault(&a.MaxLag, DefaultMaxLag)
	setDefault(&a.StabilizationWindow, DefaultStabilizationWindow)
	return nil
}

// loadReading is the load of a pool at a time.
type loadReading struct {
	at      time.Duration
	lag     time.Duration // the median of the workers'
	waiting int           // connections
}

const (
	// growReadings is of how many readings the median counts that has the pool grow.
	growReadings = 5
	// calmFraction is of how many readings of a window there must be hardly anything to wait for.
	calmFraction = 0.95
	// calmLag is by what a lag must be below MaxLag to be hardly any.
	calmLag = 4
	// maxWindows is how many times as long as usual a window may become.
	maxWindows = 16
)

// decide returns how many of n workers there are to be, by readings since the number has changed last, of which the oldest is no younger
// than the window if there was time for that. reason is why it is another number, as words.
func (a *Autoscale) decide(readings []loadReading, n int, window time.Duration) (to int, reason string) {
	switch {
	case n < a.Min:
		return a.Min, fmt.Sprintf("there are to be %d workers at least", a.Min)
	case n > a.Max:
		return a.Max, fmt.Sprintf("there are to be %d workers at most", a.Max)
	case len(readings) < growReadings:
		return n, ""
	}
	late := readings[len(readings)-growReadings:]
	lag := medianOf(late, func(r loadReading) time.Duration { return r.lag })
	waiting := medianOf(late, func(r loadReading) int { return r.waiting })
	grown := min(n+max(n/2, 1), a.Max)
	switch {
	case lag < a.MaxLag && waiting <= n:
		if n > a.Min && a.isCalm(readings, window) {
			return n - 1, fmt.Sprintf("there was little to do for %v", window)
		}
		return n, ""
	case grown == n:
		return n, ""
	case lag >= a.MaxLag:
		return grown, fmt.Sprintf("workers lag by %v", lag.Round(time.Millisecond))
	}
	return grown, fmt.Sprintf("%d connections wait for %d workers", waiting, n)
}

// isCalm reports whether there was hardly anything to wait for during a window.
func (a *Autoscale) isCalm(readings []loadReading, window time.Duration) bool {
	last := readings[len(readings)-1].at
	if last-readings[0].at < window {
		return false
	}
	calm := 0
	for _, r := range readings {
		if r.lag < a.MaxLag/calmLag && r.waiting == 0 {
			calm++
		}
	}
	return float64(calm) >= calmFraction*float64(len(readings))
}

// medianOf is the lower median of what readings have.
func medianOf[T int | time.Duration](readings []loadReading, of func(loadReading) T) T {
	var values []T
	for _, r := range readings {
		values = append(values, of(r))
	}
	return median(values)
}

// median is the lower median, 0 of nothing.
func median[T int | time.Duration](values []T) (none T) {
	if len(values) == 0 {
		return none
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// A scaler keeps the readings that a decision needs, and how long the window is by now.
type scaler struct {
	Autoscale
	readings []loadReading
	window   time.Duration
	shrunk   time.Duration // when the pool has shrunk last
	shrinks  bool          // it has
}

func newScaler(a Autoscale) *scaler { return &scaler{Autoscale: a, window: a.StabilizationWindow} }

// read takes a reading, and returns how many of n workers there are to be by then.
func (s *scaler) read(r loadReading, n int) (to int, reason string) {
	s.readings = append(s.readings, r)
	// One from before the window stays, which says that the window is covered.
	for len(s.readings) > growReadings && r.at-s.readings[1].at >= s.window {
		s.readings = s.readings[1:]
	}
	return s.decide(s.readings, n, s.window)
}

// scaled is for a number that has changed: what was read before says nothing any more.
func (s *scaler) scaled(from, to int, at time.Duration) {
	s.readings = nil
	switch {
	case to < from:
		s.shrunk, s.shrinks = at, true
	case s.shrinks && at-s.shrunk < 2*s.window:
		s.window = min(2*s.window, maxWindows*s.StabilizationWindow)
	default:
		s.window = s.StabilizationWindow
	}
}
