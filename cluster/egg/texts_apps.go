package egg

import "fmt"

// sayDisconnected is what Egg's master and the part of it that forks say of a channel that has ended.
func (s *state) sayDisconnected(a *app) {
	say := s.info
	if s.release.four {
		say = s.note
	}
	say("[master] app_worker#%d:%d disconnect, suicide: %t, state: disconnected, current workers: %s", a.ID(), a.Pid(), a.ExitedAfterDisconnect(), s.ids())
}

// saySuccession says what follows the end of an app worker.
func (s *state) saySuccession(a *app, d decision) {
	if a == nil {
		return
	}
	switch d {
	case stayEmpty:
		s.world.logText(levelPlainError, "don't fork new work (refork: false)")
	case nothing, keepOld, endMaster:
		s.world.logText(levelPlain, fmt.Sprintf("don't fork, because worker:%d will be kill soon", a.Pid()))
	}
}

func (s *state) sayForked(a *app) {
	s.world.logText(levelPlainError, fmt.Sprintf("new worker:%d fork (state: none)", a.Pid()))
}

func (s *state) sayReload() {
	if s.release.four {
		s.note("[master] reload %d workers...", s.workers)
		return
	}
	s.note("[master] reload workers...")
}

func (s *state) sayAlone(agents, apps int) {
	name := "ClusterWorkerExceptionError"
	s.sayNamed(name, fmt.Sprintf("[master] %d agent and %d worker(s) alive, exit to avoid unknown state", agents, apps))
}
