package egg

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// appWorker is the process of an app worker.
type appWorker struct {
	*cluster.Worker
	messages   *outbox.Outbox
	batch      *batch
	drained    chan struct{} // closed when it has said that it has answered its clients
	hasClients atomic.Bool   // it was given connections of sticky mode
}

// Tell sends a message, and never waits.
func (w *appWorker) Tell(message json.RawMessage) {
	w.batch.prepare(w.Worker)
	w.messages.Tell(message)
}

func (w *appWorker) signal(s syscall.Signal) { w.Kill(s) }

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
	settings, under := m.primary.Settings(), m.appNodes[index]
	settings.ExecPath, settings.ExecArgv = under.path, under.execArgv
	w, err := m.forkWith(index, settings, append(m.drainEnv(), m.placeVariables(index)...)...)
	if err != nil {
		return nil, err
	}
	messages := m.outbox(w, func() string { return fmt.Sprintf("app_worker#%d:%d", w.ID(), w.Pid()) })
	return &appWorker{Worker: w, messages: messages, batch: &m.batch, drained: make(chan struct{})}, nil
}

// connectOutput has a process that is to be started print where the settings say.
func (m *Master) connectOutput(place int, stdout, stderr *io.Writer) (Output, error) {
	if m.settings.Outputs == nil {
		return usualOutput{}, nil
	}
	out, err := m.settings.Outputs(place)
	if err != nil {
		return nil, fmt.Errorf("what takes its output: %w", err)
	}
	*stdout, *stderr = out.Streams()
	return out, nil
}

// usualOutput is that of processes that share Stdout and Stderr of the settings.
type usualOutput struct{ Output }

func (usualOutput) Started(int) {}
func (usualOutput) Failed()     {}

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
	cmd := exec.Command(m.agentNode, append(args, m.options.release.agentScript(), string(m.options.text()))...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = m.settings.Stdin, m.settings.Stdout, m.settings.Stderr
	cmd.SysProcAttr = m.settings.SysProcAttr
	if m.settings.Env != nil {
		cmd.Env = append(os.Environ(), m.settings.Env...)
	}
	out, err := m.connectOutput(AgentPlace, &cmd.Stdout, &cmd.Stderr)
	if err != nil {
		return nil, err
	}
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		out.Failed()
		return nil, err
	}
	out.Started(0)
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
