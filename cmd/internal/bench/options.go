//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
	scale                         bool
}

// most keeps a slip of the finger from starting a million processes.
const most = 1 << 16

func parseOptions(args []string) (*options, error) {
	o := &options{kind: "http", rounds: 3, seconds: 4, clients: 64, workers: []int{2}}
	flags := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.node, "node", "node", "")
	flags.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "")
	flags.StringVar(&o.goWorker, "go-worker", "worker", "")
	flags.StringVar(&o.getPM2, "get-pm2", "scripts/pm2", "")
	flags.Var(choice{&o.kind, []string{"http", "net"}}, "kind", "")
	flags.Var((*number)(&o.rounds), "rounds", "")
	flags.Var((*number)(&o.seconds), "seconds", "")
	flags.Var((*number)(&o.clients), "clients", "")
	flags.Var((*number)(&o.addresses), "addresses", "")
	flags.Var((*numbers)(&o.workers), "workers", "")
	flags.Var((*contenderNames)(&o.only), "only", "")
	flags.StringVar(&o.plot, "plot", "", "")
	flags.StringVar(&o.json, "json", "", "")
	flags.BoolVar(&o.scale, "scale", false, "")
	if err := flags.Parse(args); err != nil {
		return nil, explained(err)
	}
	switch {
	case flags.NArg() > 0:
		return nil, explained(fmt.Errorf("unknown argument %q", flags.Arg(0)))
	case o.scale && (o.plot != "" || o.json != "" || len(o.only) > 0 || o.addresses > 0 || flags.Changed("workers")):
		return nil, explained(errors.New("--scale takes only --rounds, --seconds, --clients, --kind and --node beside it"))
	}
	return o, nil
}

func explained(err error) error { return fmt.Errorf("%w (scripts/bench --help lists the flags)", err) }

// takes says whether a contender is to be measured.
func (o *options) takes(name string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, name)
}

func splitList(s string) []string { return strings.Split(s, ",") }
