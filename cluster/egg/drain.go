package egg

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

// keepChannel is the script by which an app worker that was told to leave says so once it has answered its clients, and keeps its channel.
//
//go:embed keep_channel.cjs
var keepChannel string

// drainedAction is of the message with which it does.
const drainedAction = "nodecluster-drained"

// drainEnv is what the environment of an app worker has to have for it to load the scripts. One that could not get them does without: it closes
// its channel when it has answered its clients.
func (m *Master) drainEnv() []string {
	if m.settings.NoDrain {
		return nil
	}
	env, err := m.preload.Env(m.appSettings())
	if err != nil {
		m.log.add(levelError, fmt.Sprintf("[master] app workers that leave will not drain their connections: %v", err))
	}
	return env
}

// drain has an app worker close its servers and answer the requests that it has, for half of the time at most, and then ends it by SIGTERM, at
// which Egg calls its hooks of beforeClose.
func (m *Master) drain(p appProcess) {
	w := p.(*appWorker)
	timeout := m.appTimeout()
	deadline := time.Now().Add(timeout)
	if !m.settings.NoDrain && m.sticky == nil {
		w.Disconnect() // before anybody is told of its successor, to which comes what comes from then on
	}
	m.endings.Go(func() {
		if !m.settings.NoDrain {
			ctx, cancel := context.WithTimeout(m.ctx, timeout/2)
			m.awaitDrained(ctx, w)
			cancel()
		}
		m.terminate(ending{w.Pid(), w.Exited(), w.signal}, deadline)
	})
}

// awaitDrained waits until a worker that was asked to leave has answered its clients. In sticky mode it asks it once it has none.
func (m *Master) awaitDrained(ctx context.Context, w *appWorker) {
	if m.sticky != nil {
		m.sticky.awaitClosed(ctx, w)
		w.Disconnect()
	}
	select {
	case <-w.drained:
	case <-w.Disconnected():
	case <-w.Exited():
	case <-ctx.Done():
	}
}

// hasDrained is for an app worker that says that it has answered its clients. What it says twice changes nothing.
func (m *Master) hasDrained(p appProcess) {
	w := p.(*appWorker)
	select {
	case <-w.drained:
	default:
		close(w.drained)
	}
}
