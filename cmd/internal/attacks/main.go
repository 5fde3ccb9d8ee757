//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// nodePrimary is a primary that a user of Node's may write.
//
//go:embed testdata/primary.js
var nodePrimary []byte

// app is the worker that serves.
//
//go:embed testdata/app.js
var app []byte

// options are the program's flags.
type options struct {
	nodecluster, worker, only string
	nodes                     []string
	duration                  time.Duration
	descriptors               int
	app                       string // where it is
}

func main() {
	var o options
	flag.CommandLine.Init("attacks", flag.ExitOnError)
	flag.Func("node", "a `PROGRAM` whose own primary is attacked; may be repeated", func(program string) error {
		o.nodes = append(o.nodes, program)
		return nil
	})
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.StringVar(&o.worker, "worker", "worker", "the `PROGRAM` of the hostile worker (cluster/internal/attack/worker)")
	flag.StringVar(&o.only, "only", "", "only the attacks whose name contains `TEXT`")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "how long an attack takes")
	flag.IntVar(&o.descriptors, "descriptors", 1024, "how many descriptors a process may have")
	flag.Parse()
	if len(o.nodes) == 0 {
		o.nodes = []string{"node"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "attacks: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; --help lists the flags", flag.Arg(0))
	}
	folder, err := os.MkdirTemp("", "attacks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	script := filepath.Join(folder, "primary.js")
	o.app = filepath.Join(folder, "app.js")
	if err := errors.Join(os.WriteFile(script, nodePrimary, 0o600), os.WriteFile(o.app, app, 0o600)); err != nil {
		return err
	}
	primaries, err := o.primaries(script)
	if err != nil {
		return err
	}
	attacks, err := o.attacks()
	if err != nil {
		return err
	}
	printHead(primaries)
	for _, attack := range append([]string{""}, attacks...) {
		var results []result
		for _, p := range primaries {
			r, err := o.turn(ctx, p, attack)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, attack, err)
			}
			results = append(results, r)
		}
		printLine(attack, results)
	}
	return nil
}

// attacks are the names that the hostile worker knows.
func (o *options) attacks() (names []string, err error) {
	list, err := exec.Command(o.worker).Output()
	if err != nil {
		return nil, err
	}
	for name := range strings.Lines(string(list)) {
		if strings.Contains(name, o.only) {
			names = append(names, strings.TrimSpace(name))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no attack has %q in its name; they are:\n%s", o.only, strings.TrimSpace(string(list)))
	}
	return names, nil
}

// primary is a primary that is attacked.
type primary struct {
	name    string
	command func(attack string) []string
}

func (o *options) primaries(script string) (primaries []primary, err error) {
	for _, node := range o.nodes {
		version, err := exec.Command(node, "--version").Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", node, err)
		}
		major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
		primaries = append(primaries, primary{"Node " + major, func(string) []string { return []string{node, script} }})
	}
	return append(primaries, primary{"nodecluster", func(attack string) []string {
		command := []string{o.nodecluster, "run", "-i", "1", "--restart", "never", "--sched", "rr", "--node", o.nodes[0]}
		if attack != "" {
			command = append(command, "--mix", fmt.Sprintf("1=%s '%s'", o.worker, attack))
		}
		return append(command, o.app)
	}}), nil
}
