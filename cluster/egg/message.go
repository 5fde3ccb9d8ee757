package egg

import (
	"encoding/json"
	"strconv"
)

// compose writes a message of the master's. data may be nil, and a pid of 0 stands for all of the role.
func (s *state) compose(action string, to role, data json.RawMessage, pid int) json.RawMessage {
	text := append([]byte(`{"action":`), quote(action)...)
	text = append(append(text, `,"to":`...), quote(string(to))...)
	if data != nil {
		text = append(append(text, `,"data":`...), data...)
	}
	if pid != 0 {
		id := quote(strconv.Itoa(pid))
		if s.release.four {
			text = append(append(text, `,"receiverWorkerId":`...), id...)
		}
		text = append(append(text, `,"receiverPid":`...), id...)
	}
	return append(text, `,"from":"master"}`...)
}

func (s *state) tellAgent(action string, data json.RawMessage) {
	if s.agent != nil {
		s.agent.Tell(s.compose(action, roleAgent, data, 0))
	}
}

func (s *state) tellApps(action string, data json.RawMessage) {
	s.passToApps(s.compose(action, roleApp, data, 0), 0)
}

func (s *state) tellApp(a *app, action string, data json.RawMessage) {
	s.passToApps(s.compose(action, roleApp, data, a.Pid()), a.Pid())
}

// tellParent tells the parent what has happened. It may look for the lines about it then.
func (s *state) tellParent(action string, data json.RawMessage) {
	s.world.flushLog()
	s.world.tellParent(s.compose(action, roleParent, data, 0))
}

// passToApps gives a message to the app worker with a pid, or to all for 0, but for those that have disconnected.
func (s *state) passToApps(message json.RawMessage, pid int) {
	for _, a := range s.apps {
		if !a.disconnected && (pid == 0 || pid == a.Pid()) {
			a.Tell(message)
		}
	}
}

// route says who gets a message of a process that has this role, and reports false where nobody does.
func (s *state) route(message json.RawMessage, from role) (delivery, bool) {
	m := messenger{masterPid: s.pid}
	if s.agent != nil {
		m.agentPid = s.agent.Pid()
	}
	return m.route(message, from)
}

// deliver passes a message on to who gets it.
func (s *state) deliver(message json.RawMessage, from role, sender *app) {
	d, ok := s.route(message, from)
	switch {
	case !ok || s.passToOne(d):
	case d.to == roleMaster:
		s.hear(d, from, sender)
	case d.to == roleApp:
		s.passToApps(d.message, d.pid)
	}
}

// passToOne passes on a message to the agent or to the parent, and reports whether it is one.
func (s *state) passToOne(d delivery) bool {
	switch {
	case d.to == roleParent:
		s.world.tellParent(d.message)
	case d.to == roleAgent && s.agent != nil:
		s.agent.Tell(d.message)
	}
	return d.to == roleParent || d.to == roleAgent
}

// pidList is the process ids as JSON.
func pidList(pids ...int) json.RawMessage {
	text := []byte{'['}
	for i, pid := range pids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(pid), 10)
	}
	return append(text, ']')
}

// pids are those of the app workers of a kind, in the order in which they were forked.
func (s *state) pids(of func(*app) bool) []int {
	pids := []int{}
	for _, a := range s.apps {
		if of(a) {
			pids = append(pids, a.Pid())
		}
	}
	return pids
}

// listening is the message's data for the agent: who serves.
func (s *state) listening() json.RawMessage {
	return pidList(s.pids(func(a *app) bool { return a.listening && !a.disconnected })...)
}
