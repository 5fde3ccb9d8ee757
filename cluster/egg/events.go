package egg

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// readEvents has the primary's events lead to moves.
func (m *Master) readEvents() {
	for event := range m.primary.Events(m.ctx) {
		switch e := event.(type) {
		case cluster.MessageEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appSaid(p, e.Message.Payload()) }) })
		case cluster.ListeningEvent:
			at := address{host: e.Address.Address, port: e.Address.Port, isPath: e.Address.AddressType == "-1"}
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appListens(p, at) }) })
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

// maxPassedOn is how large a message is at most that the primary's loop looks into.
const maxPassedOn = 64 << 10

// passOn is for an app worker's message that no other event waits behind. It is called on the primary's loop. What goes to the agent or the parent
// alone is passed on here, so that no other goroutine is woken for it. All else has to be an event: a move may wait for the loop, and a message to
// all app workers would keep clients waiting.
func (m *Master) passOn(w *cluster.Worker, message nodeipc.Message) (passed bool) {
	if len(message.Payload()) > maxPassedOn || !m.moving.TryLock() {
		return false
	}
	defer m.moving.Unlock()
	m.make(func() { m.withApp(w, func(p *appWorker) { passed = m.state.passOn(p, message.Payload()) }) })
	return passed
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
