//go:build linux

package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed testdata/primary.js
var nodePrimary []byte

//go:embed testdata/worker.js
var nodeWorker []byte

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
	if err := o.run(); err != nil {
		fmt.Fprintf(os.Stderr, "workers: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) run() error {
	folder, err := os.MkdirTemp("", "workers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	primary, script := filepath.Join(folder, "primary.js"), filepath.Join(folder, "worker.js")
	for path, source := range map[string][]byte{primary: nodePrimary, script: nodeWorker} {
		if err := os.WriteFile(path, source, 0o600); err != nil {
			return err
		}
	}
	n := strconv.Itoa(o.workers)
	places := []*place{
		{primary: "Node", worker: "Node", command: []string{o.node, primary}, env: []string{"SCRIPT=" + script, "WORKERS=" + n}},
		{primary: "Node", worker: "Go", command: []string{o.node, primary}, env: []string{"WORKER=" + o.worker, "WORKERS=" + n}},
		{primary: "nodecluster", worker: "Node", command: []string{o.nodecluster, "run", "-i", n, "--node", o.node, script}},
		{primary: "nodecluster", worker: "Go", command: []string{o.nodecluster, "run", "-i", n, o.worker}},
	}
	for range o.rounds {
		for _, p := range places {
			if err := p.turn(o); err != nil {
				return fmt.Errorf("%s primary, %s workers: %w", p.primary, p.worker, err)
			}
		}
	}
	printTable(places)
	return nil
}
