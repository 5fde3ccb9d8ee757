package egg

import (
	"context"
	"fmt"
	"maps"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
)

// OpenConnections returns how many connections of clients each of these workers has open over TCP, in their order, also one that leaves: those
// to the ports that workers have listened on, and to that of sticky mode. It is -1 for a worker that has ended, or into whose process this one may not
// look. It asks the kernel, and reads all sockets of the system once. It returns an error that matches [errors.ErrUnsupported] on other systems than
// Linux, ctx's when that ends first, and one that matches [cluster.ErrClosed] once the master has ended. [Master.Run] has to have been called.
func (m *Master) OpenConnections(ctx context.Context, workers ...*cluster.Worker) ([]int, error) {
	told := make(chan map[int]bool, 1)
	ports, err := await(ctx, m, told, func() { told <- m.listeningPorts() })
	if err != nil {
		return nil, fmt.Errorf("egg: open connections: %w", err)
	}
	open, err := usage.Connections(workers, ports)
	if err != nil {
		return nil, fmt.Errorf("egg: open connections: %w", err)
	}
	return open, nil
}

// listeningPorts is for a move.
func (m *Master) listeningPorts() map[int]bool {
	ports := maps.Clone(m.ports)
	if m.sticky != nil {
		ports[m.state.realPort] = true
	}
	return ports
}

// noteListening is for a server of a worker. Those of sticky mode are the master's.
func (m *Master) noteListening(at cluster.Address) {
	if at.Network() == "tcp" {
		m.ports[at.Port] = true
	}
}
