package egg

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// readEvents has the primary's events lead to moves.
func (m *Master) readEvents() {
	for event := range m.primary.Events(m.ctx) {
		m.observeApp(event)
		switch e := event.(type) {
		case cluster.MessageEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appSaid(p, e.Message.Payload()) }) })
			if e.Message.Handle == nil {
				m.eventMessages.Add(-1)
			}
		case cluster.ListeningEvent:
			at := address{host: e.Address.Address, port: e.Address.Port, isPath: e.Address.AddressType == "-1"}
			m.do(func() {
				m.noteListening(e.Address)
				m.withApp(e.Worker, func(p *appWorker) { m.state.appListens(p, at) })
			})
		case cluster.DisconnectEvent:
			if e.Err != nil {
				m.log.add(levelError, "[master] "+e.Err.Error())
			}
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appDisconnected(p) }) })
		case cluster.ExitEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appEnded(p, e.Status) }) })
		case cluster.ListenErrorEvent:
			m.log.add(levelError, "[master] "+e.Err.Error())
		case cluster.ErrorEvent:
			m.log.add(levelError, "[master] "+e.Err.Error())
		}
	}
}

// observeApp tells of an event that is no message.
func (m *Master) observeApp(event cluster.Event) {
	if _, isMessage := event.(cluster.MessageEvent); !isMessage && m.settings.Observe != nil {
		m.do(func() { m.settings.Observe(AppEvent{event}) })
	}
}

// maxPassedOn is how large a message is at most that the primary's loop looks into.
const maxPassedOn = 64 << 10

// passOn is called on the primary's loop with each message of an app worker. What goes to the agent or the parent alone is passed on here, so that no
// other goroutine is woken for it, unless a message that came before is an event still. All else is an event: a move may wait for the loop, and a
// message to all app workers would keep clients waiting.
func (m *Master) passOn(w *cluster.Worker, message nodeipc.Message) cluster.Taking {
	if m.eventMessages.Load() == 0 && len(message.Payload()) <= maxPassedOn && m.moving.TryLock() {
		defer m.moving.Unlock()
		passed := false
		m.make(func() { m.withApp(w, func(p *appWorker) { passed = m.state.passOn(p, message.Payload()) }) })
		if passed {
			return cluster.TakeMessage
		}
	}
	m.eventMessages.Add(1)
	return cluster.PassMessage
}

// withApp is for the process of a worker that the master still knows.
func (m *Master) withApp(w *cluster.Worker, do func(*appWorker)) {
	for _, a := range m.state.apps {
		if p, ok := a.appProcess.(*appWorker); ok && p.Worker == w {
			do(p)
			return
		}
	}
}

// readParent has the parent's messages lead to moves. The master goes on when the parent has left.
func (m *Master) readParent() {
	for {
		message, err := m.settings.Parent.Receive(m.ctx)
		if err != nil {
			return
		}
		if message.Handle != nil {
			message.Handle.Close()
		}
		m.doOneOf(m.settings.Parent, func() { m.state.parentSaid(message.Payload()) })
	}
}
