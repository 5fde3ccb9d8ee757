//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if o.addresses == 0 && !o.busy && !o.idle && !o.fork {
		if err := measure.FindWrk(); err != nil {
			return err
		}
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	switch {
	case o.scale:
		err = b.scale(ctx, out, sizes{workers: 256, ports: 1000})
	case o.idle:
		err = b.idle(ctx, out, idleWorkers)
	case o.busy:
		err = b.busy(ctx, out)
	case o.fork:
		err = b.fork(ctx, out, forksOfTurn)
	default:
		err = b.compare(ctx, out)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
