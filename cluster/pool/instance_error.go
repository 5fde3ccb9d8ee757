package pool

import "fmt"

// An InstanceError is why a reload, a restart, a scaling or a replacement has failed: the new worker of one instance has.
type InstanceError struct {
	// Instance is the number of the place in the pool.
	Instance int
	// Output are the last lines that the new worker printed to standard error, 20 at most: [Output.LastLines] of [Options.Outputs]. Without
	// that there are none if Settings.Stderr is not a writer of the caller's: what goes to a file or to where the primary's own goes, the
	// pool does not see.
	Output []string
	// Err is what has failed.
	Err error
}

// Error says it in one line, with the last few lines of Output that are no frames of a stack.
func (e *InstanceError) Error() string {
	text := fmt.Sprintf("instance %d: %v", e.Instance, e.Err)
	if said := telling(e.Output); said != "" {
		text += "; it printed: " + said
	}
	return text
}

func (e *InstanceError) Unwrap() error { return e.Err }
