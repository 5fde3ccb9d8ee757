package cluster

import (
	"errors"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// errStandby is why a worker on standby does not join a server yet: what it would get of it could not be kept from it.
var errStandby = errors.New("the worker is on standby")

// IsStandby reports whether the worker is on standby, as Settings.Standby has it, and was not activated yet.
func (w *Worker) IsStandby() bool { return w.standby.Load() }

// Activate ends the standby of a worker: it gets connections from now on, as any other worker. It is [Primary.Switch] for one worker.
func (w *Worker) Activate() { w.primary.Switch([]*Worker{w}, nil) }

// Switch ends the standby of workers, and has others get no more connections, all in one moment: of two connections that come one after
// the other, the second does not go to one of the others if the first has gone to one of the activated workers. It is for two releases of a
// program of which both must not serve at the same time.
//
// The others go on to serve the connections that they have, and those that are on their way to them, until the caller has them leave. They
// still get what none of the activated workers listens on.
//
// What workers accept from one socket that they share does not change in one moment: all of [SchedNone], and Unix sockets under
// [SchedReusePort]. The same goes for UDP, but under SchedReusePort and [SchedSticky]. There the activated workers begin to listen, and the
// others accept until they leave.
//
// A worker that is not on standby, has ended, or is another primary's, is passed over. When Switch returns it is done.
func (p *Primary) Switch(activated, others []*Worker) {
	p.loop.Call(func() { p.switchTo(activated, others) })
}

func (p *Primary) switchTo(activated, others []*Worker) {
	p.onLoop.switching = true
	taken := map[server]bool{}
	for _, w := range activated {
		if w.primary == p && w.activate() {
			for _, m := range w.onLoop.memberships {
				taken[m.server()] = true
			}
		}
	}
	for _, w := range others {
		if w.primary != p {
			continue
		}
		for _, m := range w.onLoop.memberships {
			if taken[m.server()] && !m.server().base().isLast {
				m.retire()
			}
		}
	}
	p.onLoop.switching = false
	for _, s := range p.onLoop.servers {
		if group, ok := s.(interface{ choose() }); ok {
			group.choose()
		}
	}
}

// activate ends the standby of a worker, and reports whether it was on standby and goes on.
func (w *Worker) activate() bool {
	if !w.standby.Swap(false) || w.onLoop.drain.stage != staying {
		return false
	}
	for _, m := range w.onLoop.memberships {
		m.activate()
	}
	for _, m := range w.onLoop.pending.take() {
		w.answerQuery(m)
	}
	return true
}

// keepPending keeps a question until the worker is activated.
func (w *Worker) keepPending(m *wire.FromWorker) {
	if !w.onLoop.pending.keep(w, m, "it is activated") {
		return
	}
	e := ListenPendingEvent{w, addressFrom(&m.Server)}
	if s := w.primary.onLoop.servers[m.Server.Key()]; s != nil {
		e.Address = s.base().at
	}
	w.primary.events.emitFor(w, e, e.Address.size())
}
