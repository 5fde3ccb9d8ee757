package pool

import "time"

// The pauses after a controller's changes that have failed.
const (
	minRetryPause = time.Second
	maxRetryPause = 5 * time.Minute
)

// retries say when a controller may try a change again: later and later while its changes fail.
type retries struct {
	pause time.Duration // the last one, 0 since a change has not failed
	due   time.Time
}

// isDue reports whether a change may be tried.
func (r *retries) isDue(now time.Time) bool { return !now.Before(r.due) }

// fail is for a change that has failed. It reports whether that is the first in a row, of which is told.
func (r *retries) fail(now time.Time) (isFirst bool) {
	isFirst = r.pause == 0
	r.pause = min(max(2*r.pause, minRetryPause), maxRetryPause)
	r.due = now.Add(r.pause)
	return isFirst
}

// succeed is for a change that has not failed.
func (r *retries) succeed() { *r = retries{} }
