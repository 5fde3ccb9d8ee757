//go:build unix

package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

const (
	workers     = 4
	clientCount = 32
	killEvery   = 150 * time.Millisecond
	patience    = 3 * time.Second // of a client, which then opens another connection
)

// nodePrimary is the primary that Node's users write.
//
//go:embed testdata/primary.js
var nodePrimary []byte

// options are the program's flags.
type options struct {
	node, nodecluster, app string
	seconds, turns         int
}

func main() {
	var o options
	flag.CommandLine.Init("deaths", flag.ExitOnError)
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` that the workers and the Node primary run under")
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.StringVar(&o.app, "app", "testdata/apps/http.js", "the `SCRIPT` of the workers, which answers with its pid as JSON")
	flag.IntVar(&o.seconds, "seconds", 10, "how long a turn of one primary takes")
	flag.IntVar(&o.turns, "turns", 1, "how many turns each primary has")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "deaths: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown argument %q; --help lists the flags", args[0])
	}
	if o.seconds < 1 || o.turns < 1 {
		return errors.New("--seconds and --turns must be 1 or more")
	}
	folder, err := os.MkdirTemp("", "deaths")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	script := filepath.Join(folder, "primary.js")
	if err := os.WriteFile(script, nodePrimary, 0o600); err != nil {
		return err
	}
	contestants := []contestant{
		{name: "Node's cluster", command: []string{o.node, script, o.app}},
	}
	for _, policy := range cluster.SchedulingPolicies() {
		contestants = append(contestants, contestant{name: "nodecluster, " + string(policy), command: []string{
			o.nodecluster, "run", "-i", fmt.Sprint(workers), "--sched", string(policy), "--node", o.node, o.app,
		}})
	}
	for _, policy := range cluster.SchedulingPolicies() {
		contestants = append(contestants, contestant{name: "nodecluster exec, " + string(policy), command: []string{
			o.nodecluster, "exec", "--strict", "--sched", string(policy), "--node", o.node, script, o.app,
		}})
	}
	for range o.turns {
		for i := range contestants {
			if err := contestants[i].turn(ctx, time.Duration(o.seconds)*time.Second); err != nil {
				return fmt.Errorf("%s: %w", contestants[i].name, err)
			}
		}
	}
	return printTable(os.Stdout, contestants)
}
