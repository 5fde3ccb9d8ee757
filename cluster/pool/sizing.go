package pool

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

// A Sizing is how many workers a pool has and how much heap they have, and what that follows from.
type Sizing struct {
	// Instances is how many workers of the pool's settings there are.
	Instances int
	// Reason is the limit that Instances follows from, such as "the CPU quota is 2.5". It is empty if Options.Instances says the
	// number.
	Reason string
	// MaxOldSpaceSize is how many MiB of heap each worker gets that is a Node, by its argument --max-old-space-size, and that has not
	// been given such an argument by its settings or by NODE_OPTIONS. It is 0 if no worker gets any: there are none of these, or
	// memory has no limit.
	MaxOldSpaceSize int
}

// Sizing returns how many workers the pool has, by the limits as they were when it was made.
func (p *Pool) Sizing() Sizing { return p.sizing }

// size decides on the number of workers, and on their heaps.
func (o *Options) size(settings cluster.Settings, l limits.Limits) Sizing {
	s := Sizing{Instances: o.Instances}
	others := o.others()
	if s.Instances == 0 {
		s.Instances, s.Reason = l.Instances(o.WorkerMemory, others)
	}
	heap := int(l.Heap(s.Instances+others) >> 20)
	for _, program := range append([]Program{{Settings: settings}}, o.Programs...) {
		if needsHeap(program.Settings) {
			s.MaxOldSpaceSize = heap
		}
	}
	return s
}

// others is how many workers of other programs there are.
func (o *Options) others() (n int) {
	for _, p := range o.Programs {
		n += p.Instances
	}
	return n
}
