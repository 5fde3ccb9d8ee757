package egg

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
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

// drain has an app worker close its servers and answer the requests that it has, for half of the time at most, and then ends it by SIGTERM, at
// which Egg calls its hooks of beforeClose. A worker that was asked to leave does not see the end of its channel as an accident.
func (m *Master) drain(p appProcess) {
	w := p.(*appWorker).Worker
	timeout := m.appTimeout()
	deadline := time.Now().Add(timeout)
	m.endings.Go(func() {
		if !m.settings.NoDrain {
			m.awaitDrained(w, timeout/2)
		}
		m.terminate(ending{w.Pid(), w.Exited(), func(s syscall.Signal) { w.Kill(s) }}, deadline)
	})
}

// awaitDrained asks a worker to leave, and waits until it has answered.
func (m *Master) awaitDrained(w *cluster.Worker, atMost time.Duration) {
	if m.sticky != nil {
		m.sticky.awaitClosed(w, atMost)
	}
	w.Disconnect()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-w.Disconnected():
	case <-w.Exited():
	case <-timer.C:
	case <-m.ctx.Done():
	}
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
