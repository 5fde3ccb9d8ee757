package pool

import "github.com/nodecluster/nodecluster/cluster/pool/internal/limits"

// A Sizing is how many workers a pool has, and what that follows from.
type Sizing struct {
	// Instances is how many workers of the pool's settings there are.
	Instances int
	// Reason is the limit that Instances follows from, such as "the CPU quota is 2.5". It is empty if Options.Instances says the
	// number.
	Reason string
}

// Sizing returns how many workers the pool has, by the limits as they were when it was made.
func (p *Pool) Sizing() Sizing { return p.sizing }

// size decides on the number of workers.
func (o *Options) size(l limits.Limits) Sizing {
	if o.Instances != 0 {
		return Sizing{Instances: o.Instances}
	}
	n, reason := l.Instances(o.WorkerMemory, o.others())
	return Sizing{n, reason}
}

// others is how many workers of other programs there are.
func (o *Options) others() (n int) {
	for _, p := range o.Programs {
		n += p.Instances
	}
	return n
}
