package egg

import (
	"encoding/json"
	"strings"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// phase is where the master is in its life.
type phase int

const (
	starting phase = iota // until all app workers have started once
	running
	stoppingApps
	stoppingAgent
	over
)

// process is a process that the master has started.
type process interface {
	Pid() int
	// Tell sends it a message, and never waits.
	Tell(json.RawMessage)
}

// appProcess is that of an app worker.
type appProcess interface {
	process
	ID() int
	// DebugPort is the port of its inspector, 0 for none.
	DebugPort() int
	ExitedAfterDisconnect() bool
}

// world is what the master's moves do outside of it. None of its methods waits.
type world interface {
	now() time.Time
	// after has a move made later.
	after(time.Duration, func())
	logText(level, string)
	// flushLog has what was logged be written before what comes next, for who reads both.
	flushLog()
	startAgent() (process, error)
	startApp(index int) (appProcess, error)
	tellParent(json.RawMessage)
	// drain has an app worker leave: it answers the requests that it has, and is ended then. Its end is told as any other.
	drain(appProcess)
	// hasDrained is for an app worker that has said that it has answered them.
	hasDrained(appProcess)
	// release closes what an app worker has listened on that ended and has no successor.
	release(appProcess)
	// endAgent has the agent end. Its end is told too.
	endAgent(process)
	// openSticky listens on a port, or on any for 0, and hands out the connections. It returns the port.
	openSticky(port int) (int, error)
	// appTimeout and agentTimeout are how long these may take to end.
	appTimeout() time.Duration
	agentTimeout() time.Duration
	// serve and vacate say which app worker has a place of sticky mode, or that none does, and whether clients wait for the next.
	serve(index int, p appProcess)
	vacate(index int, waits bool)
	// finish ends the master with an exit code.
	finish(code int)
}

// state is what the master knows. Its methods are the moves that it makes when something has happened, one at a time.
type state struct {
	*Options
	world    world
	pid      int
	hostname string
	host     string // the variable HOST
	// keepsTrying is whether the master goes on where agent or app workers are missing for long.
	keepsTrying bool

	phase    phase
	agent    process // nil while there is none
	agentUp  bool
	agents   int // how many were started
	apps     []*app
	places   []*place
	starts   int  // of app workers, until all have
	reported bool // the application has said where it listens
	realPort int
	protocol string
	address  string
	reload   reload
	reforks  []time.Time
	missing  int
	// observe is told what happens.
	observe func(Event)

	began, agentBegan, appsBegan time.Time
}

// newState is a master that has started nothing yet.
func newState(o *Options, w world) *state {
	s := &state{Options: o, world: w, realPort: o.port, protocol: "http", began: w.now(), observe: func(Event) {}}
	if o.https {
		s.protocol = "https"
	}
	return s
}

// agentSaid, appSaid and parentSaid are for messages, which are valid JSON. What comes from a process that has ended is dropped.
func (s *state) agentSaid(agent process, message json.RawMessage) {
	if agent == s.agent {
		s.deliver(message, roleAgent, nil)
	}
}

func (s *state) appSaid(process appProcess, message json.RawMessage) {
	if a := s.appOf(process); a != nil {
		s.deliver(message, roleApp, a)
	}
}

// passOn is appSaid for a message to the agent or the parent. It reports whether it is one, and does nothing with any other.
func (s *state) passOn(process appProcess, message json.RawMessage) bool {
	if s.appOf(process) == nil {
		return false
	}
	d, ok := s.route(message, roleApp)
	return ok && s.passToOne(d)
}

func (s *state) parentSaid(message json.RawMessage) { s.deliver(message, roleParent, nil) }

// hear is for what is said to the master. What it does not know is for nobody.
func (s *state) hear(d delivery, from role, sender *app) {
	switch {
	case d.action == "agent-start" && from == roleAgent:
		s.agentStarted()
	case d.action == "realport":
		s.learnPort(d.data)
	case d.action == "reload-worker":
		s.askReload()
	case d.action == drainedAction && sender != nil:
		s.world.hasDrained(sender.appProcess)
	case sender != nil && s.saysWhere(d.action):
		if at, ok := readAddress(d.data); ok {
			s.appStarted(sender, at)
		}
	}
}

// saysWhere reports whether it is by this message that an app worker says where it listens. Egg 3's do so by Node's cluster, but where they have a
// socket of their own, or the system chooses the port: there it is told from those of other servers in the application by the message alone.
func (s *state) saysWhere(action string) bool {
	switch action {
	case "app-start":
		return s.release.four
	case "reuse-port-listening":
		return !s.release.four
	case "listening":
		return !s.release.four && s.choosesPort()
	default:
		return false
	}
}

// signal is for a signal that ends the master. Those that follow change nothing.
func (s *state) signal(name, memory string) {
	if s.phase >= stoppingApps {
		return
	}
	s.info("[master] master is killed by signal %s, closing", name)
	for line := range strings.SplitSeq(memory, "\n") {
		s.info("%s", line)
	}
	s.stop()
}

// stop has the app workers leave, and then the agent.
func (s *state) stop() {
	if s.phase >= stoppingApps {
		return
	}
	s.enter(stoppingApps)
	s.endReloads()
	s.sayKill("app workers", s.world.appTimeout())
	for _, a := range s.apps {
		s.world.drain(a.appProcess)
	}
	s.goOnStopping()
}

// goOnStopping does what comes next when somebody has ended.
func (s *state) goOnStopping() {
	if s.phase == stoppingApps && len(s.apps) == 0 {
		s.enter(stoppingAgent)
		if s.agent != nil {
			s.sayKill("agent worker", s.world.agentTimeout())
			s.world.endAgent(s.agent)
		}
	}
	if s.phase == stoppingAgent && s.agent == nil {
		s.note("[master] close done, exiting with code:0")
		s.finish(0)
	}
}

// finish ends the master.
func (s *state) finish(code int) {
	if s.phase != over {
		s.enter(over)
		s.world.finish(code)
	}
}

// checkPause is how often the master looks whether it still has an agent and app workers, and maxMissing how often in a row they may be missing.
const (
	checkPause = 10 * time.Second
	maxMissing = 3
)

// check ends the master where agent or app workers are missing for long.
func (s *state) check() {
	if s.phase != running {
		return
	}
	agents := 0
	if s.agentUp {
		agents = 1
	}
	if s.missing++; agents > 0 && len(s.apps) > 0 {
		s.missing = 0
	}
	if s.missing < maxMissing {
		s.world.after(checkPause, s.check)
		return
	}
	s.sayAlone(agents, len(s.apps))
	s.finish(1)
}

// isDebugger reports whether an app worker was killed as a debugger does it.
func (s *state) isDebugger(status nodeipc.ExitStatus) bool {
	return s.debug && status.Signal == syscall.SIGKILL
}
