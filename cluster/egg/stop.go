package egg

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// closeTimeout is how long processes may take to end, as variables of Egg's say it in milliseconds.
func closeTimeout(name string, getenv func(string) string) time.Duration {
	for _, name := range []string{name, "EGG_MASTER_CLOSE_TIMEOUT"} {
		if n, err := strconv.Atoi(getenv(name)); err == nil && n >= 0 {
			return time.Duration(n) * time.Millisecond
		}
	}
	return 5 * time.Second
}

func (m *Master) appTimeout() time.Duration { return closeTimeout("EGG_APP_CLOSE_TIMEOUT", os.Getenv) }
func (m *Master) agentTimeout() time.Duration {
	return closeTimeout("EGG_AGENT_CLOSE_TIMEOUT", os.Getenv)
}

// ending is a process that is to end, and what it has started.
type ending struct {
	pid    int
	exited <-chan struct{}
	signal func(syscall.Signal)
}

func (m *Master) endAgent(p process) {
	agent := p.(*agentProcess)
	deadline := time.Now().Add(m.agentTimeout())
	m.endings.Go(func() {
		m.terminate(ending{agent.Pid(), agent.Exited(), func(s syscall.Signal) { agent.Signal(s) }}, deadline)
	})
}

// terminate sends SIGTERM to a process and to all that it has started, and SIGKILL at the deadline to what is left of them. It returns when all have
// ended.
func (m *Master) terminate(e ending, deadline time.Time) {
	started := descendants(e.pid)
	e.signal(syscall.SIGTERM)
	started.signal(syscall.SIGTERM)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-e.exited:
	case <-timer.C:
		e.signal(syscall.SIGKILL)
	case <-m.ctx.Done():
		e.signal(syscall.SIGKILL)
	}
	<-e.exited
	started.endBefore(m.ctx, deadline)
}

// letGo has everybody end by Node's own rules when the master gives up: they see that their channels end. What does not is killed.
func (m *Master) letGo() {
	timeout := time.NewTimer(max(m.appTimeout(), m.agentTimeout()))
	defer timeout.Stop()
	var exits []<-chan struct{}
	for _, w := range m.primary.Workers() {
		w.CloseChannel()
		exits = append(exits, w.Exited())
	}
	if agent, ok := m.state.agent.(*agentProcess); ok {
		agent.Disconnect()
		exits = append(exits, agent.Exited())
	}
	for _, exited := range exits {
		select {
		case <-exited:
		case <-timeout.C:
			return // close kills what is left
		}
	}
}

func (m *Master) release(p appProcess) { p.(*appWorker).ReleaseListeners() }
