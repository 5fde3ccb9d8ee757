package supervise

import (
	"context"
	"fmt"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// eggAnnouncer looks how an Egg application is doing when something has happened, and tells a service manager, if one listens.
type eggAnnouncer struct {
	notifier *boot.Notifier
	log      *eventlog.Log
	looks    chan struct{} // has something when the application may have changed

	mu       sync.Mutex
	ready    bool
	stopping bool
	status   string
	failed   bool
}

// begin begins to look, until the application has ended.
func (a *eggAnnouncer) begin(s *eggService) {
	a.mu.Lock()
	a.looks = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	if a.notifier.Listens() {
		a.note(a.notifier.Extend(s.options.StartTimeout + slack))
		s.running.Go(func() { a.notifier.Watchdog(ctx, func() bool { return s.Live() == nil }) })
	}
	a.mu.Unlock()
	s.running.Go(func() {
		defer cancel()
		for {
			a.tell(s)
			select {
			case <-a.looks:
			case <-s.over:
				return
			}
		}
	})
}

// look has it be seen what has changed. It does not wait.
func (a *eggAnnouncer) look() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.looks != nil {
		notify(a.looks)
	}
}

// tell says how the application is, if that is news.
func (a *eggAnnouncer) tell(s *eggService) {
	status, err := s.status()
	if err != nil {
		return
	}
	ready := 0
	for _, app := range status.Apps {
		if app.Ready {
			ready++
		}
	}
	text := fmt.Sprintf("%d/%d app workers", ready, status.Workers)
	state, _ := stateOfEgg(status, s.stopping.Load())
	s.history.since(state, s.startedAt)
	if !a.notifier.Listens() {
		return
	}
	if state != control.Online {
		text = string(state) + ", " + text
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if state == control.Online && !a.ready && !a.stopping {
		a.ready = true
		a.note(a.notifier.Ready())
	}
	if text != a.status {
		a.status = text
		a.note(a.notifier.Status(text))
	}
}

// reloads tells of a reload.
func (a *eggAnnouncer) reloads(e egg.ReloadEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.ready || a.stopping: // ready is said to who listens alone
	case e.Ended:
		a.note(a.notifier.Ready())
	default:
		a.note(a.notifier.Reloading())
	}
}

// stop says that the application ends.
func (a *eggAnnouncer) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping = true; !a.notifier.Listens() {
		return
	}
	a.note(a.notifier.Stopping())
	a.note(a.notifier.Extend(slack))
}

// note warns of the first thing that could not be said. The mutex is held.
func (a *eggAnnouncer) note(err error) {
	if err != nil && !a.failed {
		a.failed = true
		a.log.Warn(eventlog.OneLine(err))
	}
}
