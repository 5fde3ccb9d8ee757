package supervise

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

const (
	// startLook is how often it is looked whether an application is up. Workers that listen on nothing are ready without an event.
	startLook = time.Second
	// connectionsLook is how often connections are counted, which reads all sockets of the system.
	connectionsLook = 10 * time.Second
	// slack is how much more time is asked for than a step is known to take.
	slack = time.Minute
)

// announcer tells a service manager how an application is doing.
type announcer struct {
	service  *service
	notifier *boot.Notifier
	looks    chan struct{} // has something when the application may have changed
	counts   chan struct{} // has something when connections are to be counted

	mu          sync.Mutex
	ready       bool // it was said that the application is up
	reloading   bool
	stopping    bool
	connections int    // those that were open lately, -1 if that is not known
	seen        string // what was seen last
	status      string // what was said last of it
	failed      bool   // something could not be said
}

// announce begins to tell the service manager, if one listens, until the service is closed.
func (s *service) announce() {
	n := s.options.Notifier
	if !n.Listens() {
		return
	}
	a := &announcer{service: s, notifier: n, looks: make(chan struct{}, 1), counts: make(chan struct{}, 1), connections: -1}
	s.announcer = a
	a.note(n.Extend(s.options.StartTimeout + slack))
	steps := s.workers.Progress(context.Background())
	lives := s.workers.Subscribe(cluster.OnlineEvent{}, cluster.ListeningEvent{}, cluster.ExitEvent{})
	s.running.Go(func() { a.followChanges(steps) })
	s.running.Go(func() {
		for range lives.Events(context.Background()) {
			notify(a.looks)
		}
	})
	s.running.Go(a.look)
	s.running.Go(a.count)
	ctx, cancel := context.WithCancel(context.Background())
	s.running.Go(func() { n.Watchdog(ctx, func() bool { return s.Live() == nil }) })
	s.running.Go(func() { <-s.closed; cancel() })
}

// followChanges tells of reloads, until the pool has ended.
func (a *announcer) followChanges(steps iter.Seq[pool.Progress]) {
	for step := range steps {
		if step.Change == "reload" {
			a.reloads(step.Step)
		}
		if step.Step == pool.Ended || step.Step == pool.Failed {
			notify(a.counts)
		}
		notify(a.looks)
	}
}

// reloads tells of a step of a reload. An application that is not up yet only starts.
func (a *announcer) reloads(step pool.Step) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ready || a.stopping {
		return
	}
	switch step {
	case pool.Begun:
		a.reloading = true
		a.note(a.notifier.Reloading())
	case pool.Ended, pool.Failed:
		a.reloading = false
		a.note(a.notifier.Ready())
		return
	}
	o := a.service.options.Pool.Reload
	a.note(a.notifier.Extend(max(o.ListenTimeout, pool.DefaultListenTimeout) + o.Bake + slack))
}

// stop says that the application ends. What is said later is its status alone. A nil announcer says nothing.
func (a *announcer) stop() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	a.note(a.notifier.Stopping())
	o := a.service.options.Pool
	a.note(a.notifier.Extend(o.LameDuck + max(o.KillTimeout, pool.DefaultKillTimeout) + slack))
	a.tell(control.Stopping)
}

// look tells what is seen of the application, until its pool has ended.
func (a *announcer) look() {
	again := time.NewTicker(startLook)
	defer again.Stop()
	for {
		if isUp := a.lookOnce(); isUp {
			again.Stop()
		}
		select {
		case <-a.looks:
		case <-again.C:
		case <-a.service.workers.Done():
			return
		}
	}
}

// lookOnce reports whether the application is up.
func (a *announcer) lookOnce() bool {
	instances, err := a.service.workers.Instances(context.Background())
	if err != nil {
		return false
	}
	ready := 0
	for _, i := range instances {
		if i.State == pool.InstanceReady {
			ready++
		}
	}
	state, reason := stateOf(instances, a.service.stopping.Load())
	a.mu.Lock()
	defer a.mu.Unlock()
	if ready > 0 && !a.ready && !a.stopping {
		a.ready = true
		a.note(a.notifier.Ready())
		notify(a.counts)
	}
	a.seen = fmt.Sprintf("%d/%d workers", ready, a.service.workers.Sizing().Instances)
	if a.connections >= 0 {
		a.seen += ", " + eventlog.Plural(a.connections, "connection", "connections")
	}
	if reason != "" {
		a.seen += ": " + reason
	}
	a.tell(state)
	return a.ready
}

// count counts the connections that workers have open, until the pool has ended.
func (a *announcer) count() {
	again := time.NewTicker(connectionsLook)
	defer again.Stop()
	for {
		select {
		case <-a.counts:
		case <-again.C:
		case <-a.service.workers.Done():
			return
		}
		n := a.countOnce()
		a.mu.Lock()
		a.connections = n
		a.mu.Unlock()
		notify(a.looks)
	}
}

// countOnce is -1 if nothing is known.
func (a *announcer) countOnce() int {
	sum := -1
	open, _ := a.service.workers.OpenConnections(context.Background(), a.service.workers.Workers()...)
	for _, n := range open {
		if n >= 0 {
			sum = max(sum, 0) + n
		}
	}
	return sum
}

// tell says what was seen, if that is news. Online goes without saying.
func (a *announcer) tell(state control.State) {
	status := a.seen
	switch {
	case a.stopping:
		status = string(control.Stopping) + ", " + status
	case a.reloading:
		status = "reloading, " + status
	case state != control.Online:
		status = string(state) + ", " + status
	}
	if status != a.status {
		a.status = status
		a.note(a.notifier.Status(status))
	}
}

// note warns of the first thing that could not be said. The application does not depend on it.
func (a *announcer) note(err error) {
	if err != nil && !a.failed {
		a.failed = true
		a.service.log.Warn(eventlog.OneLine(err))
	}
}
