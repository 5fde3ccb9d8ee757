package supervise

import (
	"context"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/watch"
)

// watch requests a reload each time that files change, until the application has ended. What start has begun waits for its end too.
func (r *reloader) watch(w *watch.Watcher) {
	ctx, cancel := context.WithCancel(context.Background())
	r.running.Go(func() {
		defer cancel()
		<-r.kind.ended()
	})
	r.running.Go(func() {
		for files, err := range w.Changes(ctx) {
			if err != nil {
				r.kind.events().Error(nil, err)
				continue
			}
			r.kind.events().Changed(files)
			r.request()
		}
	})
}
