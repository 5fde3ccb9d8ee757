//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/flags"
	"github.com/spf13/pflag"
)

// options are the command line. What is not in the script's help is given by the script.
type options struct {
	node                          string
	nodecluster, goWorker, getPM2 string
	kind                          string
	rounds, seconds, clients      int
	addresses                     int // of the clients; 0 is wrk's one
	workers                       []int
	only                          []string
	plot, json                    string
	scale, busy, idle, fork       bool
	spin                          int // processes that spin beside
}

func parseOptions(args []string) (*options, error) {
	o := &options{kind: "http", rounds: 3, seconds: 4, clients: 64, workers: []int{2}}
	set := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	set.StringVar(&o.node, "node", "node", "")
	set.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "")
	set.StringVar(&o.goWorker, "go-worker", "worker", "")
	set.StringVar(&o.getPM2, "get-pm2", "scripts/pm2", "")
	set.Var(flags.Choice{Value: &o.kind, Words: []string{"http", "net"}}, "kind", "")
	set.Var((*flags.Number)(&o.rounds), "rounds", "")
	set.Var((*flags.Number)(&o.seconds), "seconds", "")
	set.Var((*flags.Number)(&o.clients), "clients", "")
	set.Var((*flags.Number)(&o.addresses), "addresses", "")
	set.Var((*flags.Numbers)(&o.workers), "workers", "")
	set.Var(flags.Names{Value: &o.only, What: "contender", Known: names()}, "only", "")
	set.StringVar(&o.plot, "plot", "", "")
	set.StringVar(&o.json, "json", "", "")
	set.Var((*flags.Number)(&o.spin), "spin", "")
	set.BoolVar(&o.scale, "scale", false, "")
	set.BoolVar(&o.busy, "busy", false, "")
	set.BoolVar(&o.idle, "idle", false, "")
	set.BoolVar(&o.fork, "fork", false, "")
	if err := set.Parse(args); err != nil {
		return nil, explained(err)
	}
	if set.NArg() > 0 {
		return nil, explained(fmt.Errorf("unknown argument %q", set.Arg(0)))
	}
	if err := onlyBeside(set, "scale", "rounds", "seconds", "clients", "kind", "node"); err != nil {
		return nil, err
	}
	if err := onlyBeside(set, "busy", "rounds", "seconds", "kind", "only", "spin", "node"); err != nil {
		return nil, err
	}
	if err := onlyBeside(set, "idle", "seconds", "node"); err != nil {
		return nil, err
	}
	if err := onlyBeside(set, "fork", "rounds", "node"); err != nil {
		return nil, err
	}
	if o.idle && !set.Changed("seconds") {
		o.seconds = idleSeconds
	}
	return o, nil
}

// given are the flags that the script gives by itself.
var given = []string{"nodecluster", "go-worker", "get-pm2"}

// onlyBeside says what is wrong when one flag, which measures something of its own, stands beside others than it takes.
func onlyBeside(set *pflag.FlagSet, one string, takes ...string) (err error) {
	if !set.Changed(one) {
		return nil
	}
	set.Visit(func(f *pflag.Flag) {
		if f.Name != one && !slices.Contains(takes, f.Name) && !slices.Contains(given, f.Name) {
			last := len(takes) - 1
			err = explained(fmt.Errorf("--%s takes only --%s and --%s beside it", one, strings.Join(takes[:last], ", --"), takes[last]))
		}
	})
	return err
}

func explained(err error) error { return fmt.Errorf("%w (scripts/bench --help lists the flags)", err) }

// takes reports whether a contender is to be measured.
func (o *options) takes(c contender) bool {
	return len(o.only) == 0 && !c.onDemand || slices.Contains(o.only, c.name)
}
