package supervise

import (
	"context"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// logProgress begins to write what a pool changes by itself, until the pool has ended.
func logProgress(workers *pool.Pool, log *eventlog.Log) *sync.WaitGroup {
	var writing sync.WaitGroup
	steps := workers.Progress(context.Background())
	writing.Go(func() {
		for step := range steps {
			log.Progress(step, workers.Sizing())
		}
	})
	return &writing
}
