//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	case failed > 0:
		os.Exit(1)
	}
}

func run(ctx context.Context) (failed int, err error) {
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		return 0, err
	}
	work, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	runner, err := newRunner(o, work)
	if err != nil {
		return 0, err
	}
	report := &report{Suite: o.suite, Node: o.node, Version: runner.version}
	for _, name := range o.rigs {
		if err := rigs[name](runner, ctx, report); err != nil {
			return 0, err
		}
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("interrupted")
	}
	if len(report.Results) == 0 {
		return 0, fmt.Errorf("no test matches %q in %s", o.match, o.suite)
	}
	report.printTotals()
	if o.json != "" {
		err = report.write(o.json)
	}
	return report.Failed, err
}

// rigs run their tests, by name.
var rigs = map[string]func(*runner, context.Context, *report) error{
	"proxy":   (*runner).proxy,
	"primary": (*runner).primary,
	"adopt":   (*runner).adopt,
	"worker":  (*runner).worker,
}
