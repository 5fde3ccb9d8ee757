//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/internal/flags"
	"github.com/spf13/pflag"
)

// options are the command line. What is not in the script's help is given by the script.
type options struct {
	node                               string
	nodecluster, goWorker, getPM2      string
	primary                            string // what scales
	change                             string // what is done to the workers
	changes, workers, clients, seconds int
	perMinute                          int // workers that are recycled
	keepAlive                          int // of the clients
	pause                              time.Duration
	warmUp                             time.Duration // of load that does not count for what is before
	sched, only                        []string
	plot                               string
}

func parseOptions(args []string) (*options, error) {
	o := &options{
		change: reloading, changes: 5, perMinute: 20, workers: 8, clients: 64, seconds: 3, sched: policies(),
		only: []string{inNode, inGo, underPM2}, warmUp: time.Second,
	}
	set := pflag.NewFlagSet("reloads", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	set.StringVar(&o.node, "node", "node", "")
	set.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "")
	set.StringVar(&o.goWorker, "go-worker", "worker", "")
	set.StringVar(&o.getPM2, "get-pm2", "scripts/pm2", "")
	set.StringVar(&o.primary, "primary", "primary", "")
	set.StringVar(&o.change, "change", o.change, "")
	set.Var((*flags.Number)(&o.changes), "changes", "")
	set.Var((*flags.Number)(&o.perMinute), "per-minute", "")
	set.Var((*flags.Number)(&o.workers), "workers", "")
	set.Var((*flags.Number)(&o.clients), "clients", "")
	set.Var((*flags.Number)(&o.seconds), "seconds", "")
	set.DurationVar(&o.pause, "pause", 0, "")
	set.Var(flags.Names{Value: &o.sched, What: "policy", Known: policies()}, "sched", "")
	set.Var(flags.Names{Value: &o.only, What: "contender", Known: o.only}, "only", "")
	set.StringVar(&o.plot, "plot", "", "")
	if err := set.Parse(args); err != nil {
		return nil, explained(err)
	}
	if set.NArg() > 0 {
		return nil, explained(fmt.Errorf("unknown argument %q", set.Arg(0)))
	}
	if err := o.checkChange(); err != nil {
		return nil, explained(err)
	}
	if o.pause < 0 || o.pause >= patience {
		return nil, explained(errors.New("--pause must be from 0s to less than " + patience.String()))
	}
	o.keepAlive = o.clients / 2
	return o, nil
}

func explained(err error) error {
	return fmt.Errorf("%w (scripts/reloads --help lists the flags)", err)
}

func policies() (names []string) {
	for _, p := range cluster.SchedulingPolicies() {
		names = append(names, string(p))
	}
	return names
}
