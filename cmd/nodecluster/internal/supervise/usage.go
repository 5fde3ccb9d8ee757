package supervise

import (
	"context"
	"os"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/usage"
)

// usageMeter reads what the processes of an application use.
type usageMeter struct {
	mu      sync.Mutex
	sampler usage.Sampler
}

// readings are what a number of processes use, and the connections that they have open, by their ids.
type readings struct {
	processes   map[int]usage.Reading
	connections map[int]int
}

// read reads what this process, the workers and others use, since it was read before. open counts the connections of the workers.
func (m *usageMeter) read(ctx context.Context, open func(context.Context, ...*cluster.Worker) ([]int, error), workers []*cluster.Worker, others ...int) readings {
	r := readings{connections: map[int]int{}}
	pids := append([]int{os.Getpid()}, others...)
	counts, _ := open(ctx, workers...) // where nothing is known, nothing is shown
	for i, w := range workers {
		pids = append(pids, w.Pid())
		if i < len(counts) {
			r.connections[w.Pid()] = counts[i]
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r.processes, _ = m.sampler.Sample(pids)
	return r
}

// workersOf are the processes of instances, with those that are to take over.
func workersOf(instances []pool.Instance) (all []*cluster.Worker) {
	for _, i := range instances {
		for _, w := range []*cluster.Worker{i.Worker, i.Successor} {
			if w != nil {
				all = append(all, w)
			}
		}
	}
	return all
}

// of is what one process uses.
func (r readings) of(pid int) control.Usage {
	p := r.processes[pid]
	open, isKnown := r.connections[pid]
	if !isKnown {
		open = -1
	}
	return control.Usage{CPU: p.CPU, CPUSeconds: p.CPUSeconds, Memory: p.Memory, Utilization: p.Utilization, Connections: open}
}
