//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// contender is a way to bring connections to workers.
type contender struct {
	name, title string
	// start starts it in a place. The processes that have to do with bringing connections are the server's.
	start func(*bench, context.Context, place) (server, error)
	// prepare makes ready what every turn needs. Its error says why there is nothing to measure.
	prepare func(*bench, context.Context) error
	// asked is for workers that do not say when they listen.
	asked bool
	// onDemand is for what is measured only where it is named.
	onDemand bool
}

// baseline is the contender to which the others are compared.
const baseline = "node"

// contenders are all that there are, the baseline first.
func contenders() []contender {
	all := []contender{
		{name: baseline, title: "Node's cluster, rr", start: nodePrimary("rr")},
		{name: "node-none", title: "Node's cluster, none", start: nodePrimary("none")},
		{name: "pm2", title: "PM2, cluster mode", start: (*bench).startPM2, prepare: (*bench).fetchPM2},
		{name: "nginx", title: "nginx before plain servers", start: (*bench).startNginx, prepare: (*bench).findNginx},
		{name: "floor", title: "the bare system calls", start: (*bench).startFloor, prepare: (*bench).compileFloor},
	}
	for _, policy := range []string{"rr", "none", "reuseport", "sticky", "least"} {
		all = append(all, contender{name: policy, title: "nodecluster, " + policy, start: nodecluster(policy)})
	}
	for _, policy := range []string{"rr", "none", "reuseport"} {
		all = append(all, contender{name: "exec-" + policy, title: "nodecluster exec, " + policy, start: adoptedPrimary(policy)})
	}
	return append(all,
		contender{name: "rr-no-batch", title: "nodecluster, rr, --no-batch", start: nodecluster("rr", "--no-batch"), onDemand: true},
		contender{name: "least-no-batch", title: "nodecluster, least, --no-batch", start: nodecluster("least", "--no-batch"), onDemand: true},
		contender{name: "reuseport-no-steal", title: "nodecluster, reuseport, --no-steal", start: nodecluster("reuseport", "--no-steal"), onDemand: true},
		contender{name: "rr-no-drain", title: "nodecluster, rr, --no-drain", start: nodecluster("rr", "--no-drain"), onDemand: true},
		contender{name: "reuseport-no-drain", title: "nodecluster, reuseport, --no-drain", start: nodecluster("reuseport", "--no-drain"), onDemand: true},
		contender{name: "sticky-key", title: "nodecluster, sticky, --sticky-key", start: nodecluster("sticky", "--sticky-key", "header:X-Forwarded-For"), onDemand: true},
	)
}

func names() (all []string) {
	for _, c := range contenders() {
		all = append(all, c.name)
	}
	return all
}

// place is where a contender takes its turn.
type place struct {
	size
	port   int      // the first of its ports
	folder string   // of its own
	env    []string // of the workers
}

func (p place) address() string { return measure.Local(p.port) }

// server is a contender that runs.
type server interface {
	// processes are those whose CPU and memory count.
	processes() []int
	// running has an error once it does not run.
	running() error
	end()
}

// single is a server whose primary is one process.
type single struct{ *measure.Program }

func (s single) processes() []int { return []int{s.PID()} }
func (s single) running() error   { return s.Running() }
func (s single) end()             { s.End() }

// startSingle starts a primary with more variables in its environment than its workers need.
func startSingle(ctx context.Context, p place, command []string, env ...string) (server, error) {
	program, err := measure.Start(ctx, command, append(env, p.env...)...)
	if err != nil {
		return nil, err
	}
	return single{program}, nil
}

func nodePrimary(policy string) func(*bench, context.Context, place) (server, error) {
	return func(b *bench, ctx context.Context, p place) (server, error) {
		return startSingle(ctx, p, []string{b.options.node, b.scripts.Primary},
			"NODE_CLUSTER_SCHED_POLICY="+policy, "SCRIPT="+b.scripts.Worker, fmt.Sprintf("WORKERS=%d", p.workers))
	}
}

// adopted is a primary in JavaScript whose workers nodecluster's engine serves.
type adopted struct{ single }

// processes are the primary and its engine, which is a child of it.
func (s adopted) processes() []int {
	return append(measure.ChildrenRunning(s.PID(), "adopt-engine"), s.PID())
}

// startAdopted starts Node with arguments under nodecluster exec.
func (b *bench) startAdopted(ctx context.Context, p place, policy, script string, env ...string) (server, error) {
	command := []string{b.options.nodecluster, "exec", "--strict", "--sched", policy, "--node", b.options.node, script}
	program, err := measure.Start(ctx, command, append(env, p.env...)...)
	if err != nil {
		return nil, err
	}
	return adopted{single{program}}, nil
}

func adoptedPrimary(policy string) func(*bench, context.Context, place) (server, error) {
	return func(b *bench, ctx context.Context, p place) (server, error) {
		return b.startAdopted(ctx, p, policy, b.scripts.Primary, "SCRIPT="+b.scripts.Worker, fmt.Sprintf("WORKERS=%d", p.workers))
	}
}

func nodecluster(policy string, flags ...string) func(*bench, context.Context, place) (server, error) {
	return func(b *bench, ctx context.Context, p place) (server, error) {
		command := []string{b.options.nodecluster, "run", "--sched", policy, "-i", fmt.Sprint(p.workers), "--node", b.options.node}
		return startSingle(ctx, p, slices.Concat(command, flags, []string{b.scripts.Worker}))
	}
}
