package pool

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
)

// OpenConnections returns how many connections of clients each of these workers has open over TCP, also one that leaves: those to the ports
// that workers of the pool have listened on, whichever way they came to it. It is -1 for a worker that has ended, or that runs as a user into
// whose processes this one may not look. It asks the kernel, and not the workers: one that stands still is counted as well, in any runtime.
// It reads all sockets of the system, once for all workers: some milliseconds where there are ten thousand. It returns an error that
// matches [errors.ErrUnsupported] on other systems than Linux, and ctx's when that ends before the pool could be asked.
func (p *Pool) OpenConnections(ctx context.Context, workers ...*cluster.Worker) ([]int, error) {
	ports := map[int]bool{}
	err := p.ask(ctx, func() {
		for _, place := range p.places {
			for address := range place.known() {
				if address.Network() == "tcp" {
					ports[address.Port] = true
				}
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("pool: open connections: %w", err)
	}
	open, err := usage.Connections(workers, ports)
	if err != nil {
		return nil, fmt.Errorf("pool: open connections: %w", err)
	}
	return open, nil
}

// Waiting returns how many connections of clients wait for a worker, as [cluster.Primary.Waiting] does.
func (p *Pool) Waiting() int { return p.primary.Waiting() }
