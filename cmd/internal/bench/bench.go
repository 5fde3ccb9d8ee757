//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// bench is what all turns share.
type bench struct {
	options     *options
	folder      string
	scripts     measure.Scripts
	nodeVersion string
	nginx, pm2  string // programs, once they are found
}

func newBench(ctx context.Context, o *options) (*bench, error) {
	version, err := exec.CommandContext(ctx, o.node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("no node: %w: install Node.js, or name its program with --node", err)
	}
	b := &bench{options: o, nodeVersion: strings.TrimSpace(string(version))}
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
