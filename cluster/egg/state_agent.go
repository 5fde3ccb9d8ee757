package egg

import (
	"encoding/json"
	"os"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// agentPause is how long the master waits before it replaces an agent.
const agentPause = time.Second

// begin starts the agent, and with it all else.
func (s *state) begin() { s.startAgent() }

func (s *state) startAgent() {
	if s.phase >= stoppingApps {
		return
	}
	s.agentBegan = s.world.now()
	agent, err := s.world.startAgent()
	if err != nil {
		s.fail("[master] agent_worker cannot be started: %v", err)
		s.missAgent()
		return
	}
	s.agent = agent
	s.agents++
	s.observeAgent(AgentForked, agent.Pid(), nodeipc.ExitStatus{})
	s.note("[master] agent_worker#%d:%d start with clusterPort:%s", s.agents, agent.Pid(), s.all.values["clusterPort"])
	if s.debug {
		o := &object{}
		o.set("debugPort", quote(agentDebugPort()))
		if os.Getenv(agentDebugVariable) == "" {
			o.set("debugPort", json.RawMessage(defaultAgentDebugPort))
		}
		s.sayDebug(roleAgent, o, agent.Pid())
	}
}

// missAgent is for an agent that has ended, or was not started.
func (s *state) missAgent() {
	switch s.phase {
	case starting:
		s.finish(1)
	case running:
		s.note("[master] try to start a new agent_worker after 1s ...")
		s.world.after(agentPause, func() {
			if s.phase == running {
				s.info("[master] new agent_worker starting...")
			}
			s.startAgent()
		})
	default:
		s.goOnStopping()
	}
}

// agentStarted is for an agent that is ready.
func (s *state) agentStarted() {
	s.agentUp = true
	s.observeAgent(AgentStarted, s.agent.Pid(), nodeipc.ExitStatus{})
	if s.phase == running {
		s.tellAgent("egg-ready", s.text())
	}
	s.tellApps("egg-pids", pidList(s.agent.Pid()))
	if s.phase == running {
		s.tellAgent("egg-pids", s.listening())
	}
	s.tellApps("agent-start", nil)
	s.info("[master] agent_worker#%d:%d started (%s)", s.agents, s.agent.Pid(), milliseconds(s.world.now().Sub(s.agentBegan)))
	if s.phase == starting && s.places == nil {
		s.startApps()
	}
}

func (s *state) agentEnded(agent process, status nodeipc.ExitStatus) {
	if agent != s.agent {
		return
	}
	s.observeAgent(AgentExited, agent.Pid(), status)
	if s.phase < stoppingApps {
		s.tellApps("egg-pids", pidList())
		s.sayAgentDied(status)
	}
	if s.phase == starting {
		s.fail("[master] agent_worker#%d:%d start fail, exiting with code:1", s.agents, agent.Pid())
	}
	s.agent, s.agentUp = nil, false
	s.missAgent()
	if s.phase == running {
		s.tellParent("agent-worker-died", nil)
	}
}

const (
	agentDebugVariable    = "EGG_AGENT_DEBUG_PORT"
	defaultAgentDebugPort = "5800"
)

// agentDebugPort is the port of the agent's inspector.
func agentDebugPort() string {
	if port := os.Getenv(agentDebugVariable); port != "" {
		return port
	}
	return defaultAgentDebugPort
}

// sayDebug tells the parent where a process can be debugged.
func (s *state) sayDebug(from role, data *object, pid int) {
	data.set("pid", number(pid))
	if s.release.four {
		data.set("workerId", number(pid))
	}
	message := &object{}
	message.set("to", quote(string(roleParent)))
	message.set("from", quote(string(from)))
	message.set("action", quote("debug"))
	message.set("data", data.text())
	s.world.tellParent(message.text())
}
