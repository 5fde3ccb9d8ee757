//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed testdata/floor.c
var floorC []byte

// compileFloor compiles the primary of bare system calls.
func (b *bench) compileFloor(ctx context.Context) error {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return errors.New("no cc to compile it with: install a C compiler")
	}
	source := filepath.Join(b.folder, "floor.c")
	if err := os.WriteFile(source, floorC, 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", b.floor(), source).CombinedOutput()
	if err != nil {
		line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
		return fmt.Errorf("cc does not compile it: %w: %s", err, line)
	}
	return nil
}

func (b *bench) floor() string { return filepath.Join(b.folder, "floor") }

func (b *bench) startFloor(ctx context.Context, p place) (server, error) {
	return b.floorOf(ctx, p, b.options.node, b.scripts.Worker)
}

// startFloorOfGo starts it with workers in Go.
func (b *bench) startFloorOfGo(ctx context.Context, p place) (server, error) {
	return b.floorOf(ctx, p, b.options.goWorker)
}

func (b *bench) floorOf(ctx context.Context, p place, worker ...string) (server, error) {
	return startSingle(ctx, p, append([]string{b.floor(), fmt.Sprint(p.port), fmt.Sprint(p.workers)}, worker...))
}
