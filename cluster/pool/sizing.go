package pool

import (
	"context"
	"slices"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

// A Sizing is how many workers a pool has and how much heap they have, and what that follows from.
type Sizing struct {
	// Instances is how many workers of the pool's settings there are.
	Instances int
	// Reason is the limit that Instances follows from, such as "the CPU quota is 2.5". It is empty if Options.Instances or Pool.Scale says
	// the number.
	Reason string
	// MaxOldSpaceSize is how many MiB of heap each worker gets that is a Node, by its argument --max-old-space-size, and that has not
	// been given such an argument by its settings or by NODE_OPTIONS. It is 0 if no worker gets any: there are none of these, or
	// memory has no limit.
	MaxOldSpaceSize int
}

// Sizing returns how many workers the pool has, by the limits as they were when it was made, scaled or last seen to change.
func (p *Pool) Sizing() Sizing { return *p.sizing.Load() }

// Sizing returns how many workers a pool would have that [New] makes of the options. It fails as New does.
func (o Options) Sizing(settings cluster.Settings) (Sizing, error) {
	if err := o.complete(); err != nil {
		return Sizing{}, err
	}
	all := []cluster.Settings{settings}
	for _, program := range o.Programs {
		all = append(all, program.Settings)
	}
	return *o.size(all, limits.Read()), nil
}

// resize takes the number of workers of the pool's settings into account, and why it is that. Those that run keep the heaps that they have.
func (p *Pool) resize(instances int, reason string) {
	o := p.options
	o.Instances = instances
	s := o.size(p.settings, limits.Read())
	s.Reason = reason
	p.sizing.Store(s)
}

// size decides on the number of workers, and on their heaps. The settings are those of the pool's own workers, and of each program's.
func (o *Options) size(settings []cluster.Settings, l limits.Limits) *Sizing {
	s := &Sizing{Instances: o.Instances}
	others := o.others()
	if s.Instances == 0 {
		s.Instances, s.Reason = l.Instances(o.WorkerMemory, others)
	}
	if slices.ContainsFunc(settings, needsHeap) {
		s.MaxOldSpaceSize = int(l.Heap(max(s.Instances, o.Autoscale.Max)+others) >> 20)
	}
	return s
}

// others is how many workers there are beside the instances: spares, and those of other programs.
func (o *Options) others() (n int) {
	n = o.Spare
	for _, p := range o.Programs {
		n += p.Instances
	}
	return n
}

// Fitting returns how many workers the limits allow by now, whatever number there is: what a pool has whose Options.Instances is 0. It
// reads the limits of the process's control groups.
func (p *Pool) Fitting() Sizing {
	var settings []cluster.Settings
	if p.ask(context.Background(), func() { settings = p.settings }) != nil {
		settings = p.settings // the supervisor, which changes them, has not begun, or has ended
	}
	o := p.options
	o.Instances = 0
	return *o.size(settings, limits.Read())
}
