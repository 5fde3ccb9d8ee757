//go:build unix

package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed testdata/parent.js
var parentScript []byte

//go:embed testdata/child.js
var childScript []byte

// options are the program's flags.
type options struct {
	node, bun       string
	nodecluster     string
	exec, relay     bool
	serialization   string
	rounds          int
	warmUp, seconds float64
}

func main() {
	if err := dispatch(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "messages: %v\n", err)
		os.Exit(1)
	}
}

// dispatch tells the parents in Go, which are this program again, from the one that measures.
func dispatch(args []string) error {
	if len(args) == 3 {
		switch args[1] {
		case "receive":
			return play(args[2], (*parent).receive)
		case "handle":
			return play(args[2], (*parent).handle)
		case "relay":
			return relay(args[2])
		}
	}
	var o options
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` of the child and of Node's parent")
	flag.StringVar(&o.bun, "bun", "bun", "the `PROGRAM` of Bun's parent; empty leaves it out")
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.BoolVar(&o.exec, "exec", false, "measure a cluster primary in JavaScript instead, under Node and under nodecluster exec")
	flag.BoolVar(&o.relay, "relay", false, "measure the relay of Socket.IO's cluster adapter instead, between workers that ask each other")
	flag.StringVar(&o.serialization, "serialization", "", "measure only json or only advanced")
	flag.IntVar(&o.rounds, "rounds", 5, "how many turns each parent has in each cell")
	flag.Float64Var(&o.warmUp, "warm-up", 1, "how many seconds pass before a turn counts")
	flag.Float64Var(&o.seconds, "seconds", 2, "how many seconds of a turn count")
	flag.Parse()
	return o.measure()
}

func (o *options) measure() error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unknown argument %q; --help lists the flags", flag.Arg(0))
	case o.rounds < 1 || o.seconds <= 0 || o.warmUp < 0:
		return errors.New("--rounds must be 1 or more, --seconds more than 0 and --warm-up 0 or more")
	case o.serialization != "" && o.serialization != "json" && o.serialization != "advanced":
		return fmt.Errorf("--serialization %q: it is json or advanced", o.serialization)
	}
	folder, err := os.MkdirTemp("", "messages")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	script, child := filepath.Join(folder, "parent.js"), filepath.Join(folder, "child.js")
	scripts := map[string][]byte{script: parentScript, child: childScript}
	if o.relay {
		scripts = map[string][]byte{script: relayScript, child: askerScript}
	}
	for path, source := range scripts {
		if err := os.WriteFile(path, source, 0o600); err != nil {
			return err
		}
	}
	contenders, err := o.contenders(script)
	if err != nil {
		return err
	}
	o.turns(contenders, child)
	printTable(contenders, o.cells())
	return nil
}

// contenders are the parents, Node's first, to which the others are compared.
func (o *options) contenders(script string) ([]*contender, error) {
	if o.exec {
		return []*contender{
			newContender("Node's cluster", o.node, script),
			newContender("nodecluster exec", o.nodecluster, "exec", "--strict", "--node", o.node, script),
		}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if o.relay {
		return []*contender{newContender("Node, setupPrimary", o.node, script), newContender("routes.SocketIO", self, "relay")}, nil
	}
	all := []*contender{
		newContender("Node", o.node, script),
		newContender("nodeipc, Receive", self, "receive"),
		newContender("nodeipc, Handler", self, "handle"),
	}
	if o.bun != "" {
		all = append(all, newContender("Bun", o.bun, script))
	}
	return all, nil
}

func (o *options) cells() (chosen []cell) {
	for _, c := range cells() {
		if o.serialization == "" || o.serialization == string(c.serialization) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

func (o *options) turns(contenders []*contender, child string) {
	for round := range o.rounds {
		for _, in := range o.cells() {
			for _, c := range contenders {
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, o.rounds, in, c.name)
				c.take(in, turn{
					Node: o.node, Child: child, Serialization: in.serialization, Size: in.size, InFlight: in.inFlight,
					WarmUp: o.warmUp, Seconds: o.seconds, Cluster: o.exec, Workers: askers,
				})
			}
		}
	}
}
