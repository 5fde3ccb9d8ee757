package egg

import "fmt"

// sayDisconnected is what Egg's master and the part of it that forks say of a channel that has ended.
func (s *state) sayDisconnected(a *app) {
	say := s.info
	if s.release.four {
		say = s.note
	}
	say("[master] app_worker#%d:%d disconnect, suicide: %t, state: disconnected, current workers: %s", a.ID(), a.Pid(), a.ExitedAfterDisconnect(), s.ids())
	// One that has not started, or is to end, has no successor by this part.
	kept := a.leaving || !a.started || s.phase >= stoppingApps
	l, slave := levelPlainError, ""
	if kept {
		l = levelPlain
	}
	if s.release.four {
		slave = ", isSlave: false, slaveIndex: "
	}
	s.world.logText(l, fmt.Sprintf("worker:%d disconnect (exitedAfterDisconnect: %t, state: disconnected, isDead: false, worker.disableRefork: %t%s)",
		a.Pid(), a.ExitedAfterDisconnect(), kept, slave))
}

// reforkCount is how many app workers have followed others of late, as the part of Egg 4's master that forks counts them.
func (s *state) reforkCount() string {
	if !s.release.four {
		return ""
	}
	return fmt.Sprintf(", reforkCount: %d", len(s.reforks))
}

// saySuccession says what follows the end of an app worker.
func (s *state) saySuccession(a *app, d decision) {
	if a == nil {
		return
	}
	switch d {
	case stayEmpty:
		s.world.logText(levelPlainError, fmt.Sprintf("don't fork new work (refork: false%s)", s.reforkCount()))
	case nothing, keepOld, endMaster:
		s.world.logText(levelPlain, fmt.Sprintf("don't fork, because worker:%d will be kill soon", a.Pid()))
	}
}

func (s *state) sayForked(a *app) {
	s.world.logText(levelPlainError, fmt.Sprintf("new worker:%d fork (state: none%s)", a.Pid(), s.reforkCount()))
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
