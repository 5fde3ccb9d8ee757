package supervise

import (
	"context"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/watch"
)

// watch requests a reload each time that files change, until the pool has ended. What start has begun waits for its end too.
func (r *reloader) watch(w *watch.Watcher) {
	ctx, cancel := context.WithCancel(context.Background())
	r.running.Go(func() {
		defer cancel()
		<-r.service.workers.Done()
	})
	r.running.Go(func() {
		for files, err := range w.Changes(ctx) {
			if err != nil {
				r.service.log.Error(nil, err)
				continue
			}
			r.service.log.Changed(files)
			r.request()
		}
	})
}
