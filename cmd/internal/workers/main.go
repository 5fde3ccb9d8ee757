//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// options are the program's flags.
type options struct {
	node, nodecluster, worker         string
	workers, rounds, seconds, clients int
}

func main() {
	var o options
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` of Node's primary and workers")
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.StringVar(&o.worker, "worker", "worker", "the Go worker `PROGRAM` (cmd/examples/worker)")
	flag.IntVar(&o.workers, "workers", 2, "how many workers each primary has")
	flag.IntVar(&o.rounds, "rounds", 3, "how many turns each combination has")
	flag.IntVar(&o.seconds, "seconds", 4, "how long a turn takes")
	flag.IntVar(&o.clients, "clients", 64, "how many connections are open at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "workers: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "workers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	scripts, err := measure.WriteScripts(folder)
	if err != nil {
		return err
	}
	n := strconv.Itoa(o.workers)
	places := []*place{
		{primary: "Node", worker: "Node", command: []string{o.node, scripts.Primary}, env: []string{"SCRIPT=" + scripts.Worker, "WORKERS=" + n}},
		{primary: "Node", worker: "Go", command: []string{o.node, scripts.Primary}, env: []string{"WORKER=" + o.worker, "WORKERS=" + n}},
		{primary: "nodecluster", worker: "Node", command: []string{o.nodecluster, "run", "-i", n, "--node", o.node, scripts.Worker}},
		{primary: "nodecluster", worker: "Go", command: []string{o.nodecluster, "run", "-i", n, o.worker}},
	}
	for range o.rounds {
		for _, p := range places {
			if err := p.turn(ctx, o); err != nil {
				return fmt.Errorf("%s primary, %s workers: %w", p.primary, p.worker, err)
			}
		}
	}
	printTable(places)
	return nil
}
