//go:build linux

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// bench is what all turns share.
type bench struct {
	options    *options
	folder     string
	scripts    measure.Scripts
	machine    measure.Machine
	nginx, pm2 string // programs, once they are found
}

func newBench(ctx context.Context, o *options) (*bench, error) {
	machine, err := measure.ThisMachine(ctx, o.node)
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, machine: machine}
	if b.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	if b.scripts, err = measure.WriteScripts(b.folder); err != nil {
		os.RemoveAll(b.folder)
		return nil, err
	}
	return b, nil
}

// progress says what is being measured.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
