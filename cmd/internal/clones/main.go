//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

// options are the program's flags.
type options struct {
	node, older, only    string
	rounds, milliseconds int
}

func main() {
	var o options
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` of the Node that the ratios are to")
	flag.StringVar(&o.older, "older", "", "the `PROGRAM` of another Node; none if it is empty")
	flag.StringVar(&o.only, "only", "", "measure only the value of that `NAME`")
	flag.IntVar(&o.rounds, "rounds", 7, "how many turns each contender has at each value")
	flag.IntVar(&o.milliseconds, "milliseconds", 40, "how much CPU a turn takes")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintf(os.Stderr, "clones: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) run() error {
	if flag.NArg() > 0 || o.rounds < 1 || o.milliseconds < 1 {
		return fmt.Errorf("want one round and one millisecond at least, and no arguments (%q)", flag.Args())
	}
	ballast := likeNode()
	defer runtime.KeepAlive(ballast)
	var nodes []*node
	for _, path := range []string{o.node, o.older} {
		if path == "" {
			continue
		}
		n, err := startNode(path)
		if err != nil {
			return err
		}
		defer n.stop()
		nodes = append(nodes, n)
	}
	var tables [len(directions)]table
	var names []string
	for _, v := range values() {
		names = append(names, v.name)
		if o.only != "" && o.only != v.name {
			continue
		}
		all, err := contenders(v, nodes)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		for direction, list := range all {
			if err := giveTurns(list, o.rounds, time.Duration(o.milliseconds)*time.Millisecond); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			tables[direction].add(v.name, list)
		}
	}
	if len(tables[0].rows) == 0 {
		return fmt.Errorf("no value is named %q: there are %q", o.only, names)
	}
	for direction, t := range tables {
		if err := t.print(os.Stdout, directions[direction]); err != nil {
			return err
		}
	}
	return nil
}
