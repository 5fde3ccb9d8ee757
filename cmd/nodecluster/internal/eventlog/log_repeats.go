package eventlog

import (
	"slices"
	"time"
)

// repeatInterval is between two lines of a log that tell of the same.
const repeatInterval = 10 * time.Second

// repeats counts what happens again and again, so that the log tells of it by its number, once an interval.
type repeats struct {
	interval time.Duration
	list     []*repeat // the one that is due next comes first
}

type repeat struct {
	key string
	n   int // of what was not told of
	due time.Time
	say func(n int)
}

// begin opens a count that is told of with say, unless there is one of that key. It reports whether there was none.
func (r *repeats) begin(key string, now time.Time, say func(n int)) bool {
	if r.find(key) >= 0 {
		return false
	}
	r.list = append(r.list, &repeat{key: key, due: now.Add(r.interval), say: say})
	return true
}

// add counts one more of a key for which there is a count.
func (r *repeats) add(key string) { r.list[r.find(key)].n++ }

func (r *repeats) find(key string) int {
	return slices.IndexFunc(r.list, func(e *repeat) bool { return e.key == key })
}

// due is when there may be something to tell, zero if there will be nothing.
func (r *repeats) due() time.Time {
	if len(r.list) == 0 {
		return time.Time{}
	}
	return r.list[0].due
}

// tell tells of what is due. A count of nothing ends.
func (r *repeats) tell(now time.Time) {
	for len(r.list) > 0 && !r.list[0].due.After(now) {
		e := r.list[0]
		r.list = slices.Delete(r.list, 0, 1)
		if e.tell() {
			e.due = now.Add(r.interval)
			r.list = append(r.list, e)
		}
	}
}

// end ends the count of a key, if there is one. What was not told of is.
func (r *repeats) end(key string) {
	if i := r.find(key); i >= 0 {
		r.list[i].tell()
		r.list = slices.Delete(r.list, i, i+1)
	}
}

// endAll is end for all counts.
func (r *repeats) endAll() {
	for _, e := range r.list {
		e.tell()
	}
	r.list = nil
}

// tell reports whether there was something to tell.
func (e *repeat) tell() bool {
	if e.n == 0 {
		return false
	}
	e.say(e.n)
	e.n = 0
	return true
}
