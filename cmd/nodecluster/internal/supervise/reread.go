package supervise

import (
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
)

// rereader finds out what is to run, by a function that a new configuration replaces.
type rereader struct {
	mu      sync.Mutex
	current func() ([]cluster.Settings, error)
}

func (r *rereader) read() ([]cluster.Settings, error) {
	r.mu.Lock()
	read := r.current
	r.mu.Unlock()
	return read()
}

// set has another function be what finds out.
func (r *rereader) set(read func() ([]cluster.Settings, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = read
}
