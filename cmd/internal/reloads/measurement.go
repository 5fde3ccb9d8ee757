//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

//go:embed testdata/app.js
var appJS []byte

//go:embed testdata/prepared.js
var preparedJS []byte

// measurement is what all turns share, and what came of them.
type measurement struct {
	options       *options
	machine       measure.Machine
	folder        string
	app, prepared string // programs for Node
	results       []*result
	omissions     []omission
}

// result is what a contender came to.
type result struct {
	contender
	figures  figures
	timeline *timeline // of the first change, nil if there was none
}

// omission is what was not measured, or not to the end.
type omission struct {
	contender
	err error
}

// measureReloads has each contender take its turn, and writes what came of it. The error says which of ours have failed.
func measureReloads(ctx context.Context, o *options, out io.Writer) error {
	m := &measurement{options: o}
	var err error
	if m.machine, err = measure.ThisMachine(ctx, o.node); err != nil {
		return err
	}
	if m.folder, err = os.MkdirTemp("", "reloads"); err != nil {
		return err
	}
	defer os.RemoveAll(m.folder)
	if err := m.writeApps(); err != nil {
		return err
	}
	for _, c := range m.contenders() {
		fmt.Fprintf(os.Stderr, "%s\n", c.title)
		r, err := m.turn(ctx, c)
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if r != nil {
			m.results = append(m.results, r)
		}
		if err != nil {
			m.omissions = append(m.omissions, omission{c, err})
		}
	}
	return m.report(out)
}

func (m *measurement) writeApps() error {
	m.app, m.prepared = filepath.Join(m.folder, "app.js"), filepath.Join(m.folder, "prepared.js")
	if err := os.WriteFile(m.app, appJS, 0o600); err != nil {
		return err
	}
	return os.WriteFile(m.prepared, preparedJS, 0o600)
}

func (m *measurement) report(out io.Writer) error {
	if err := m.writeTable(out); err != nil {
		return err
	}
	if m.options.plot != "" {
		if err := os.WriteFile(m.options.plot, drawTimelines(m.results), 0o644); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	return m.failure()
}

// failure says what of ours was not as it should be.
func (m *measurement) failure() error {
	var failed []string
	for _, r := range m.results {
		if n := r.figures.failures(); r.ours && n > 0 {
			failed = append(failed, fmt.Sprintf("%s: %d of %d requests failed", r.title, n, r.figures.requests))
		}
	}
	for _, o := range m.omissions {
		if o.ours {
			failed = append(failed, fmt.Sprintf("%s: %v", o.title, o.err))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return errors.New(strings.Join(failed, "; "))
}
