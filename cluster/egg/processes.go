package egg

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// appWorker is the process of an app worker.
type appWorker struct {
	*cluster.Worker
	messages *outbox.Outbox
	batch    *batch
}

// Tell sends a message, and never waits.
func (w *appWorker) Tell(message json.RawMessage) {
	w.batch.prepare(w.Worker)
	w.messages.Tell(message)
}

// DebugPort is the port of its inspector, as its command line says it.
func (w *appWorker) DebugPort() int {
	for _, argument := range w.Args() {
		if text, ok := strings.CutPrefix(argument, "--inspect-port="); ok {
			port, _ := strconv.Atoi(text[strings.LastIndexByte(text, ':')+1:])
			return port
		}
	}
	return 0
}

// startApp forks an app worker. The variables say which of how many it is.
func (m *Master) startApp(index int) (appProcess, error) {
	w, err := m.primary.Fork("CFORK_WORKER_INDEX="+strconv.Itoa(index), "CFORK_WORKER_COUNT="+strconv.Itoa(m.options.workers))
	if err != nil {
		return nil, err
	}
	return &appWorker{w, m.outbox(w, func() string { return fmt.Sprintf("app_worker#%d:%d", w.ID(), w.Pid()) }), &m.batch}, nil
}

// agentProcess is the process of an agent. It is no worker of the cluster.
type agentProcess struct {
	*nodeipc.Child
	messages *outbox.Outbox
}

// Tell sends a message, and never waits.
func (a *agentProcess) Tell(message json.RawMessage) { a.messages.Tell(message) }

func (m *Master) startAgent() (process, error) {
	args := slices.Clone(m.settings.ExecArgv)
	if m.options.debug {
		args = append(args, "--inspect-port="+agentDebugPort())
	}
	cmd := exec.Command(m.node, append(args, m.options.release.agentScript(), string(m.options.text()))...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = m.settings.Stdin, m.settings.Stdout, m.settings.Stderr
	cmd.SysProcAttr = m.settings.SysProcAttr
	if m.settings.Env != nil {
		cmd.Env = append(os.Environ(), m.settings.Env...)
	}
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		return nil, err
	}
	agent := &agentProcess{child, m.outbox(child, func() string { return fmt.Sprintf("agent_worker:%d", child.Pid()) })}
	m.tasks.Go(func() { m.readAgent(agent) })
	return agent, nil
}

// readAgent has an agent's messages and its end lead to moves.
func (m *Master) readAgent(agent *agentProcess) {
	for {
		message, err := agent.Receive(m.ctx)
		if err != nil {
			break
		}
		if message.Handle != nil {
			message.Handle.Close()
		}
		m.doOneOf(agent, func() { m.state.agentSaid(agent, message.Payload()) })
	}
	status, _ := agent.Wait()
	m.do(func() { m.state.agentEnded(agent, status) })
}
