package web

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// sampleTime is how long a look at all applications may take.
const sampleTime = 5 * time.Second

// maxWatched is of how many applications there are charts and a timeline.
const maxWatched = 200

// watch looks at all applications, now and again, and follows the events of those that run. One goroutine looks, and one for each
// application follows. close waits for all of them.
type watch struct {
	source  Source
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	apps    []control.App
	problem string // why they could not be looked at the last time
	seen    bool   // whether they have been looked at
	watched map[string]*watched
	changed chan struct{} // closed, and made anew, with each look
}

// watched is what is kept of an application.
type watched struct {
	history  *history
	timeline *timeline
	follows  bool // whether a goroutine follows its events
}

func newWatch(source Source) *watch {
	w := &watch{source: source, watched: make(map[string]*watched), changed: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

func (w *watch) start() { w.running.Go(w.run) }

func (w *watch) close() {
	w.cancel()
	w.running.Wait()
}

func (w *watch) run() {
	ticker := time.NewTicker(samplePeriod)
	defer ticker.Stop()
	for {
		w.look(w.ctx, w.keep)
		select {
		case <-ticker.C:
		case <-w.ctx.Done():
			return
		}
	}
}

// look looks at all applications, and calls a function with the time if that was possible.
func (w *watch) look(ctx context.Context, keep func(time.Time)) {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	apps, err := w.source.Apps(ctx)
	cancel()
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen, w.problem = true, ""
	if err != nil {
		w.problem = err.Error()
	} else {
		w.apps = slices.Clone(apps)
		slices.SortFunc(w.apps, func(a, b control.App) int { return strings.Compare(a.Name, b.Name) })
		keep(now)
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// refresh looks at all applications out of turn, which adds nothing to what is kept.
func (w *watch) refresh(ctx context.Context) { w.look(ctx, func(time.Time) {}) }

// keep adds what the applications are now to what is kept of them, and forgets those that are no more.
func (w *watch) keep(now time.Time) {
	for name, kept := range w.watched {
		if !kept.follows && !slices.ContainsFunc(w.apps, func(a control.App) bool { return a.Name == name }) {
			delete(w.watched, name)
		}
	}
	for _, app := range w.apps {
		kept := w.watched[app.Name]
		if kept == nil {
			if len(w.watched) >= maxWatched {
				continue
			}
			kept = &watched{history: newHistory(), timeline: &timeline{}}
			w.watched[app.Name] = kept
		}
		kept.history.add(now, app.Workers)
		kept.timeline.see(app, now)
		if app.Supervisor != nil && !kept.follows && w.ctx.Err() == nil {
			kept.follows = true
			w.running.Go(func() { w.follow(app.Name, kept) })
		}
	}
}

// follow adds an application's events to its timeline, until its supervisor ends or cannot be reached. The next look follows it again.
func (w *watch) follow(name string, kept *watched) {
	defer func() {
		w.mu.Lock()
		kept.follows = false
		w.mu.Unlock()
	}()
	client, err := w.source.Client(name)
	if err != nil {
		return
	}
	for event, err := range client.Events(w.ctx) {
		if err != nil {
			return
		}
		w.mu.Lock()
		kept.timeline.hear(event)
		w.mu.Unlock()
	}
}

// next is closed at the next look.
func (w *watch) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// all gives all applications as they were seen last. Where nobody has looked yet, it looks itself.
func (w *watch) all(ctx context.Context) (apps []control.App, problem string) {
	w.mu.Lock()
	seen := w.seen
	w.mu.Unlock()
	if !seen {
		w.refresh(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.apps), w.problem
}

func (w *watch) app(ctx context.Context, name string) (control.App, bool) {
	apps, _ := w.all(ctx)
	i := slices.IndexFunc(apps, func(a control.App) bool { return a.Name == name })
	if i < 0 {
		return control.App{}, false
	}
	return apps[i], true
}

// moments gives what has happened to an application, the newest first, and since when it is watched.
func (w *watch) moments(name string) ([]moment, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.watched[name]
	if kept == nil {
		return nil, time.Time{}
	}
	moments := slices.Clone(kept.timeline.moments)
	slices.Reverse(moments)
	return moments, kept.timeline.since
}

func (w *watch) recording(name string) recording {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kept := w.watched[name]; kept != nil {
		return kept.history.recording()
	}
	return newHistory().recording()
}

func (w *watch) last(name string) (sample, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kept := w.watched[name]; kept != nil {
		return kept.history.last()
	}
	return sample{}, false
}
