package supervise

import (
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

func TestStateOfEgg(t *testing.T) {
	worker, soon := &cluster.Worker{}, time.Now().Add(time.Second)
	serves, boots := egg.PlaceStatus{Worker: worker, Ready: true}, egg.PlaceStatus{Worker: worker}
	waits := egg.PlaceStatus{Failures: 1, RetryAt: soon}
	loops, empty := egg.PlaceStatus{Failures: minLoop, RetryAt: soon}, egg.PlaceStatus{}
	agent := egg.AgentStatus{Pid: 1, Ready: true}
	for _, c := range []struct {
		phase    egg.Phase
		agent    egg.AgentStatus
		apps     []egg.PlaceStatus
		stopping bool
		want     control.State
		reason   bool
	}{
		{egg.PhaseStarting, egg.AgentStatus{Pid: 1}, nil, false, control.Starting, false},
		{egg.PhaseStarting, agent, []egg.PlaceStatus{serves, boots}, false, control.Starting, false},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{serves, serves}, false, control.Online, false},
		{egg.PhaseRunning, egg.AgentStatus{}, []egg.PlaceStatus{serves}, false, control.Online, true},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{serves, waits}, false, control.Online, true},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{serves, loops}, false, control.CrashLoop, true},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{boots}, false, control.Starting, false},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{serves, empty}, false, control.Online, false},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{empty, empty}, false, control.Errored, true},
		{egg.PhaseRunning, agent, []egg.PlaceStatus{serves}, true, control.Stopping, false},
		{egg.PhaseStopping, agent, []egg.PlaceStatus{serves}, false, control.Stopping, false},
	} {
		got, reason := stateOfEgg(egg.Status{Phase: c.phase, Agent: c.agent, Apps: c.apps}, c.stopping)
		if got != c.want || (reason != "") != c.reason {
			t.Errorf("%s with %+v and %+v is %s because %q, want %s", c.phase, c.agent, c.apps, got, reason, c.want)
		}
	}
}

// A program beside the app workers that fails again and again is told of as an app worker is.
func TestStateOfEggBesidePrograms(t *testing.T) {
	app := egg.PlaceStatus{Worker: &cluster.Worker{}, Ready: true}
	for failures, want := range map[int]control.State{0: control.Online, 1: control.Online, minLoop: control.CrashLoop} {
		beside := egg.PlaceStatus{Place: 1, Program: "./worker", Failures: failures}
		status := egg.Status{Phase: egg.PhaseRunning, Agent: egg.AgentStatus{Pid: 1, Ready: true}, Apps: []egg.PlaceStatus{app}, Beside: []egg.PlaceStatus{beside}}
		got, reason := stateOfEgg(status, false)
		if got != want || strings.Contains(reason, "./worker has failed") != (failures > 0) {
			t.Errorf("with %d failures it is %s because %q, want %s", failures, got, reason, want)
		}
	}
}
