package egg

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// An Event is what [Settings.Observe] is told: an [AppEvent], an [AgentEvent], a [PhaseEvent] or a [ReloadEvent].
type Event interface{ isEvent() }

// An AppEvent is an event of package cluster about an app worker, or a program beside them, which is no message.
type AppEvent struct{ Event cluster.Event }

// AgentStep is a step in the life of an agent.
type AgentStep string

// The steps of an agent.
const (
	AgentForked  AgentStep = "fork"  // its process runs
	AgentStarted AgentStep = "start" // it has said that it is ready
	AgentExited  AgentStep = "exit"
)

// An AgentEvent is a step of the agent.
type AgentEvent struct {
	Step AgentStep
	Pid  int
	// Status is how it has ended, for AgentExited.
	Status nodeipc.ExitStatus
}

// Phase is where a master is in its life.
type Phase string

// The phases of a master.
const (
	PhaseStarting Phase = "starting" // until the agent and all app workers have started once
	PhaseRunning  Phase = "running"
	PhaseStopping Phase = "stopping" // until all have ended
)

// A PhaseEvent says that a master has come into a phase.
type PhaseEvent struct{ Phase Phase }

// A ReloadEvent is the begin or the end of a reload, whoever has asked for it.
type ReloadEvent struct {
	Ended bool
	// Replaced are the numbers of the places that have a new app worker, at the end, and Err is why the others have none.
	Replaced []int
	Err      error
}

func (AppEvent) isEvent()    {}
func (AgentEvent) isEvent()  {}
func (PhaseEvent) isEvent()  {}
func (ReloadEvent) isEvent() {}

// phases are those of a state as others see them.
var phases = map[phase]Phase{
	starting: PhaseStarting, running: PhaseRunning, stoppingApps: PhaseStopping, stoppingAgent: PhaseStopping, over: PhaseStopping,
}

// observeAgent tells of the agent.
func (s *state) observeAgent(step AgentStep, pid int, status nodeipc.ExitStatus) {
	s.observe(AgentEvent{step, pid, status})
}

// enter is for a new phase.
func (s *state) enter(p phase) {
	before := phases[s.phase]
	s.phase = p
	if phases[p] != before {
		s.observe(PhaseEvent{phases[p]})
	}
}
