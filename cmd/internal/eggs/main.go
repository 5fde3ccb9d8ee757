//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the program's flags.
type options struct {
	node, nodecluster, modules string
	workers, rounds, perSecond int
	seconds                    float64
	soak, killEvery            time.Duration
	broadcasts                 []int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "eggs: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` of the workers and of Egg's own master")
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.StringVar(&o.modules, "modules", "", "the node_modules `FOLDER` with Egg 3 and 4")
	flag.IntVar(&o.workers, "workers", 4, "how many app workers there are")
	flag.IntVar(&o.rounds, "rounds", 5, "how many turns each master has")
	flag.IntVar(&o.perSecond, "per-second", 40, "how many requests a second come during a reload")
	flag.Float64Var(&o.seconds, "seconds", 3, "how long messages are measured in a turn")
	flag.DurationVar(&o.soak, "soak", 0, "kill agents and app workers under load for so long, and measure nothing else")
	flag.DurationVar(&o.killEvery, "kill-every", 4*time.Second, "how long it takes between two deaths of app workers, in the mean")
	flag.Func("broadcasts", "how many messages a second go to all of many small app workers, as `N,N…`; nothing else is measured", o.readBroadcasts)
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unknown argument %q; --help lists the flags", flag.Arg(0))
	case o.workers < 1 || o.rounds < 1 || o.perSecond < 1 || o.seconds <= 0:
		return errors.New("--workers, --rounds and --per-second must be 1 or more, and --seconds more than 0")
	case o.soak < 0 || o.killEvery < time.Second:
		return errors.New("--soak must not be negative, and --kill-every 1s or more: Egg replaces 60 app workers a minute at most")
	case o.modules == "":
		return errors.New("--modules: which folder has Egg 3 and 4? scripts/runtimes eggs fetches them")
	}
	switch {
	case o.soak > 0:
		return o.soakAll(ctx)
	case o.broadcasts != nil:
		return o.crowds(ctx)
	default:
		return o.measure(ctx)
	}
}

func (o *options) readBroadcasts(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number from 1 on", word)
		}
		o.broadcasts = append(o.broadcasts, n)
	}
	return nil
}

// measure has each master take its turn in each round, so that a machine whose speed drifts treats them alike.
func (o *options) measure(ctx context.Context) error {
	contenders := o.contenders()
	for range o.rounds {
		for _, c := range contenders {
			f, err := o.turn(ctx, c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.turns = append(c.turns, f)
		}
	}
	fmt.Printf("%d app workers, medians of %d turns\n\n", o.workers, o.rounds)
	printTable(contenders)
	return nil
}
