package supervise

import (
	"os"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/usage"
)

// usageMeter reads what the processes of an application use.
type usageMeter struct {
	mu      sync.Mutex
	sampler usage.Sampler
}

// readings are what a number of processes use, by their ids.
type readings map[int]usage.Reading

// read reads what this process and the workers use, since it was read before.
func (m *usageMeter) read(instances []pool.Instance) readings {
	pids := []int{os.Getpid()}
	for _, i := range instances {
		if i.Worker != nil {
			pids = append(pids, i.Worker.Pid())
		}
		if i.Successor != nil {
			pids = append(pids, i.Successor.Pid())
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all, _ := m.sampler.Sample(pids) // where nothing is known, nothing is shown
	return all
}

// of is what one process uses. Its connections are not known.
func (r readings) of(pid int) control.Usage {
	p := r[pid]
	return control.Usage{CPU: p.CPU, CPUSeconds: p.CPUSeconds, Memory: p.Memory, Utilization: p.Utilization, Connections: -1}
}
