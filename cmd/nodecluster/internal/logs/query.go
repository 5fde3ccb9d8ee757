package logs

import (
	"regexp"
	"time"
)

// Query says which lines are read.
type Query struct {
	// Lines is how many lines come of those that are there, which are the last ones; all if it is negative.
	Lines int
	// Since leaves out what was read from a worker before. Lines of which the time is not known come.
	Since time.Time
	// Grep leaves out lines in whose text it does not match. By default all match.
	Grep *regexp.Regexp
	// Stdout and Stderr say of which streams the lines are: both, if none is set. Lines that are no worker's are of both.
	Stdout, Stderr bool
	// Instance is the one whose lines are read; all if it is negative.
	Instance int
	// Follow goes on with the lines that come, until the context ends.
	Follow bool
}

// isAll reports whether all lines match, so that they need not be parsed.
func (q *Query) isAll() bool {
	return q.Since.IsZero() && q.Grep == nil && q.Stdout == q.Stderr && q.Instance < 0
}

// matches reports whether a line is one of those that are asked for, but for its time.
func (q *Query) matches(l *Line) bool {
	switch {
	case q.Instance >= 0 && l.Instance != q.Instance && !l.Note:
	case q.Stdout != q.Stderr && l.Stderr != q.Stderr && l.Instance >= 0:
	case q.Grep != nil && !q.Grep.MatchString(l.Text):
	default:
		return true
	}
	return false
}

// isOld reports whether a line was read before what is asked for.
func (q *Query) isOld(l *Line) bool { return !l.Time.IsZero() && l.Time.Before(q.Since) }
