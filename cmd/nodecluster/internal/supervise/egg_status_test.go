package supervise

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

func TestStateOfEgg(t *testing.T) {
	worker, soon := &cluster.Worker{}, time.Now().Add(time.Second)
	serves, boots := egg.AppStatus{Worker: worker, Ready: true}, egg.AppStatus{Worker: worker}
	waits := egg.AppStatus{Failures: 1, RetryAt: soon}
	loops, empty := egg.AppStatus{Failures: minLoop, RetryAt: soon}, egg.AppStatus{}
	agent := egg.AgentStatus{Pid: 1, Ready: true}
	for _, c := range []struct {
		phase    egg.Phase
		agent    egg.AgentStatus
		apps     []egg.AppStatus
		stopping bool
		want     control.State
		reason   bool
	}{
		{egg.PhaseStarting, egg.AgentStatus{Pid: 1}, nil, false, control.Starting, false},
		{egg.PhaseStarting, agent, []egg.AppStatus{serves, boots}, false, control.Starting, false},
		{egg.PhaseRunning, agent, []egg.AppStatus{serves, serves}, false, control.Online, false},
		{egg.PhaseRunning, egg.AgentStatus{}, []egg.AppStatus{serves}, false, control.Online, true},
		{egg.PhaseRunning, agent, []egg.AppStatus{serves, waits}, false, control.Online, true},
		{egg.PhaseRunning, agent, []egg.AppStatus{serves, loops}, false, control.CrashLoop, true},
		{egg.PhaseRunning, agent, []egg.AppStatus{boots}, false, control.Starting, false},
		{egg.PhaseRunning, agent, []egg.AppStatus{serves, empty}, false, control.Online, false},
		{egg.PhaseRunning, agent, []egg.AppStatus{empty, empty}, false, control.Errored, true},
		{egg.PhaseRunning, agent, []egg.AppStatus{serves}, true, control.Stopping, false},
		{egg.PhaseStopping, agent, []egg.AppStatus{serves}, false, control.Stopping, false},
	} {
		got, reason := stateOfEgg(egg.Status{Phase: c.phase, Agent: c.agent, Apps: c.apps}, c.stopping)
		if got != c.want || (reason != "") != c.reason {
			t.Errorf("%s with %+v and %+v is %s because %q, want %s", c.phase, c.agent, c.apps, got, reason, c.want)
		}
	}
}
