package pool

import (
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

const (
	// leastMoment is what a worker is taken to need to start or to leave, if it was not seen to need more.
	leastMoment = time.Second
	// growthSpan is from how long ago readings are kept that growth is known by, and minGrowthSpan is how far two have to be apart.
	growthSpan    = 2 * time.Second
	minGrowthSpan = 500 * time.Millisecond
)

// outlook is what the guard goes by.
type outlook struct {
	limits.Pressure
	growth int64         // of the workers, in bytes a second
	boot   time.Duration // how long a successor takes to be ready
	leave  time.Duration // how long a worker takes to leave, from when it is asked to
	fresh  int64         // how many bytes a successor uses
}

// after is how many bytes are in use by then, if nothing is done.
func (o outlook) after(d time.Duration) int64 { return o.Used + int64(float64(o.growth)*d.Seconds()) }

// hasRoom reports whether a successor has room beside the worker that it replaces, until that has left. It may use half as much again as
// others did.
func (o outlook) hasRoom() bool { return o.after(o.boot+o.leave)+o.fresh+o.fresh/2 <= o.Limit }

// isClose reports whether memory is close to its limit.
func (o outlook) isClose() bool { return o.Fraction() >= guardedFraction }

// isUrgent reports whether a worker has to leave now, for that to be before the limit is nearly reached. It leaves time for as much again,
// and for the next look. What is far from the limit may grow as it likes: so do workers that begin to work.
func (o outlook) isUrgent() bool {
	soon := float64(o.after(2*o.leave + leastMoment))
	return o.Fraction() >= watchedFraction && soon >= urgentFraction*float64(o.Limit)
}

// String says how much is in use.
func (o outlook) String() string {
	text := fmt.Sprintf("%.0f %% of the memory limit of %d MiB are in use", 100*o.Fraction(), o.Limit>>20)
	if o.isUrgent() {
		text += fmt.Sprintf(" (%d MiB/s more)", o.growth>>20)
	}
	return text
}

// pause is how long to wait before the next look.
func (o outlook) pause() time.Duration {
	switch {
	case o.Limit == 0:
		return unlimitedPause
	case float64(o.after(guardPause)) >= watchedFraction*float64(o.Limit):
		return watchedPause
	}
	return guardPause
}

// growth knows how fast workers grow.
type growth struct{ readings []sizeReading }

// sizeReading is how many bytes each worker used at a time.
type sizeReading struct {
	at    time.Time
	sizes map[*cluster.Worker]int64
}

// add takes a reading, and returns how many bytes all grow in a second: those that were there before. Workers that shrink make up for
// others. It is 0 as long as nothing is known.
func (g *growth) add(now time.Time, sizes map[*cluster.Worker]int64) (perSecond int64) {
	for len(g.readings) > 0 && now.Sub(g.readings[0].at) > growthSpan {
		g.readings = g.readings[1:]
	}
	g.readings = append(g.readings, sizeReading{now, sizes})
	first := g.readings[0]
	span := now.Sub(first.at)
	if span < minGrowthSpan {
		return 0
	}
	var grown int64
	for w, size := range sizes {
		if before, known := first.sizes[w]; known {
			grown += size - before
		}
	}
	return max(0, int64(float64(grown)/span.Seconds()))
}

// How long the guard rests after it has helped.
const (
	minRest = 10 * time.Second
	maxRest = 5 * time.Minute
)

// rests keep the guard from replacing one worker after the other where they all come to use what they used before, and no more.
type rests struct {
	pause time.Duration // the last one, 0 before the first
	due   time.Time     // when it ends
}

// isOver reports whether a worker may be replaced.
func (r *rests) isOver(now time.Time) bool { return !now.Before(r.due) }

// begin is for when replacements have helped. A rest is twice as long as the one before it, unless nothing was to be done for long after
// that.
func (r *rests) begin(now time.Time) {
	if now.Sub(r.due) >= maxRest {
		r.pause = 0
	}
	r.pause = min(max(2*r.pause, minRest), maxRest)
	r.due = now.Add(r.pause)
}
