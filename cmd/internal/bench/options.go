//go:build linux

package main

import (
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
	scale, busy                   bool
	spin                          int // processes that spin beside
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
	flags.Var((*number)(&o.spin), "spin", "")
	flags.BoolVar(&o.scale, "scale", false, "")
	flags.BoolVar(&o.busy, "busy", false, "")
	if err := flags.Parse(args); err != nil {
		return nil, explained(err)
	}
	if flags.NArg() > 0 {
		return nil, explained(fmt.Errorf("unknown argument %q", flags.Arg(0)))
	}
	if err := onlyBeside(flags, "scale", "rounds", "seconds", "clients", "kind", "node"); err != nil {
		return nil, err
	}
	if err := onlyBeside(flags, "busy", "rounds", "seconds", "kind", "only", "spin", "node"); err != nil {
		return nil, err
	}
	return o, nil
}

// given are the flags that the script gives by itself.
var given = []string{"nodecluster", "go-worker", "get-pm2"}

// onlyBeside says what is wrong when one flag, which measures something of its own, stands beside others than it takes.
func onlyBeside(flags *pflag.FlagSet, one string, takes ...string) (err error) {
	if !flags.Changed(one) {
		return nil
	}
	flags.Visit(func(f *pflag.Flag) {
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

func splitList(s string) []string { return strings.Split(s, ",") }
