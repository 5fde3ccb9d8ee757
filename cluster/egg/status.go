package egg

import (
	"context"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Status is a master with its agent and its app workers at one moment.
type Status struct {
	Phase Phase
	// Address is where the application serves, such as "http://127.0.0.1:7001" or the path of a socket; "" until it has started.
	Address string
	// Workers is how many app workers there are to be.
	Workers int
	Agent   AgentStatus
	// Apps are the places of app workers, in their order; none before the agent has started.
	Apps []PlaceStatus
	// Beside are the workers that are programs by themselves, in the places behind.
	Beside []PlaceStatus
	// Leaving are the app workers that were asked to leave for their successors, and have not ended.
	Leaving []*cluster.Worker
}

// AgentStatus is the agent at one moment.
type AgentStatus struct {
	Pid       int  // 0 if there is none
	Ready     bool // whether it has said so
	StartedAt time.Time
	Starts    int // how many agents were started
}

// PlaceStatus is the place of an app worker, or of a worker that is a program by itself, at one moment.
type PlaceStatus struct {
	// Place is its number, from 0 on: CFORK_WORKER_INDEX of app workers.
	Place int
	// Program is what [Mixed] has run there, "" for app workers.
	Program string
	// Worker is the worker, nil while there is none, and Ready whether it has started. Successor is the one of a reload that is to take over.
	Worker    *cluster.Worker
	Ready     bool
	StartedAt time.Time
	Successor *cluster.Worker
	// Restarts is how many have followed one that has died, and Failures how many have failed in a row: app workers in their start, and programs
	// within half a minute.
	Restarts, Failures int
	// RetryAt is when the next one is started, zero if none waits for that.
	RetryAt time.Time
}

// Status tells how the master is. It does not wait for any process. It fails when ctx has ended, and with [cluster.ErrClosed] once the master has.
// [Master.Run] has to have been called.
func (m *Master) Status(ctx context.Context) (Status, error) {
	told := make(chan Status, 1)
	return await(ctx, m, told, func() { told <- m.status() })
}

// ReloadAndWait is [Master.Reload] for who waits: it returns when the last new app worker serves, or when one has failed in its start, with the
// numbers of the places that have a new one. It fails with [cluster.ErrClosed] when the master ends. When ctx ends the reload goes on.
func (m *Master) ReloadAndWait(ctx context.Context) (replaced []int, err error) {
	told := make(chan ReloadEvent, 1)
	end, err := await(ctx, m, told, func() { m.state.awaitReload(func(e ReloadEvent) { told <- e }) })
	if err != nil {
		return nil, err
	}
	return end.Replaced, end.Err
}

// await has a move made that tells something once, and waits for that.
func await[T any](ctx context.Context, m *Master, told <-chan T, move func()) (answer T, err error) {
	m.do(move)
	select {
	case answer = <-told:
		return answer, nil
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	case <-m.ctx.Done():
		return answer, errEnding
	}
}

// status is for a move.
func (m *Master) status() Status {
	s := m.state
	all := Status{Phase: phases[s.phase], Address: s.address, Workers: s.workers}
	all.Agent.Starts = s.agents
	if s.agent != nil {
		all.Agent = AgentStatus{s.agent.Pid(), s.agentUp, s.agentBegan, s.agents}
	}
	for _, p := range s.places {
		of := PlaceStatus{Place: p.index, Successor: workerOf(p.next), Restarts: p.restarts, Failures: p.failed, RetryAt: p.retryAt}
		if p.app != nil {
			of.Worker, of.Ready, of.StartedAt = workerOf(p.app), p.app.started && !p.app.disconnected, p.app.began
		}
		all.Apps = append(all.Apps, of)
	}
	for _, k := range m.keepers {
		all.Beside = append(all.Beside, k.status())
	}
	for _, a := range s.apps {
		if a.leaving {
			all.Leaving = append(all.Leaving, workerOf(a))
		}
	}
	return all
}

func workerOf(a *app) *cluster.Worker {
	if a == nil {
		return nil
	}
	return a.appProcess.(*appWorker).Worker
}

// Waiting is how many connections of clients wait for an app worker: see [cluster.Primary.Waiting]. It is 0 before [Master.Run].
func (m *Master) Waiting() int {
	select {
	case <-m.opened:
		return m.primary.Waiting()
	default:
		return 0
	}
}
