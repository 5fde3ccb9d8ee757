package supervise

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// observe takes what happens under a master, which it keeps from going on meanwhile.
func (s *eggService) observe(run *eggRun, event egg.Event) {
	switch e := event.(type) {
	case egg.AppEvent:
		s.log.Take(e.Event)
		if exit, ok := e.Event.(cluster.ExitEvent); ok {
			s.history.countExit(exit)
			s.deaths.add(fmt.Sprintf("an app worker (pid %d)", exit.Worker.Pid()), exit.Status)
		}
	case egg.AgentEvent:
		s.log.Write(aboutAgent(e))
		if e.Step == egg.AgentExited && !s.stopping.Load() {
			s.deaths.add(fmt.Sprintf("the agent (pid %d)", e.Pid), e.Status)
		}
	case egg.PhaseEvent:
		if e.Phase == egg.PhaseRunning {
			close(run.up)
		}
	case egg.ReloadEvent:
		s.history.reloading(e)
		s.announcer.reloads(e)
	}
	s.announcer.look()
}

// agentTexts say what an agent has done.
var agentTexts = map[egg.AgentStep]string{egg.AgentForked: "forked", egg.AgentStarted: "started"}

func aboutAgent(e egg.AgentEvent) eventlog.Entry {
	level, text := slog.LevelInfo, agentTexts[e.Step]
	attrs := []slog.Attr{slog.String("role", control.RoleAgent), slog.Int("pid", e.Pid)}
	if e.Step == egg.AgentExited {
		text = howEnded(e.Status)
		attrs = append(attrs, slog.Int("code", e.Status.Code))
		if e.Status.Signal != 0 {
			attrs = append(attrs, slog.String("signal", nodeipc.SignalName(e.Status.Signal)))
		}
		if !e.Status.Success() {
			level = slog.LevelWarn
		}
	}
	return eventlog.Entry{Level: level, Name: string(e.Step), Attrs: attrs, Text: fmt.Sprintf("agent (pid %d) %s", e.Pid, text)}
}

func howEnded(status nodeipc.ExitStatus) string {
	if status.Signal != 0 {
		return "was ended by " + nodeipc.SignalName(status.Signal)
	}
	return "exited with " + status.String()
}

// eggDeaths keeps how the last process has ended that nobody has asked to.
type eggDeaths struct {
	mu   sync.Mutex
	text string
}

func (d *eggDeaths) add(who string, status nodeipc.ExitStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.text = who + " " + howEnded(status)
}

func (d *eggDeaths) last() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text
}

// eggLines puts the lines of a master into the log of its application.
type eggLines struct {
	logs   *logs.Writer
	stderr bool
}

// Write takes whole lines, and waits for nothing.
func (l eggLines) Write(lines []byte) (int, error) {
	l.logs.SayAs(egg.AgentPlace, l.stderr, strings.TrimSuffix(string(lines), "\n"))
	return len(lines), nil
}
