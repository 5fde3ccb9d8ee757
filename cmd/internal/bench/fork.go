//go:build linux

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

//go:embed testdata/fork.js
var forkJS []byte

// forksOfTurn is how many workers a primary forks in a turn, one after the other.
const forksOfTurn = 25

// The most that nodecluster exec may take beyond Node's cluster.
const (
	maxForkMillis = 5
	maxMemoryMiB  = 12
)

// forks are what a primary in JavaScript takes.
type forks struct {
	first, later []float64 // ms inside cluster.fork(); the engine starts in the first of a turn
	memory       []float64 // MiB, without the workers'
}

func (f *forks) medians() [3]float64 {
	same := func(n float64) float64 { return n }
	return [3]float64{measure.Median(f.first, same), measure.Median(f.later, same), measure.Median(f.memory, same)}
}

// fork measures how long cluster.fork() takes under Node and under nodecluster exec, and the memory of what serves the workers.
func (b *bench) fork(ctx context.Context, out io.Writer, n int) error {
	script := filepath.Join(b.folder, "fork.js")
	if err := os.WriteFile(script, forkJS, 0o600); err != nil {
		return err
	}
	starts := []func(context.Context, place) (server, error){
		func(ctx context.Context, p place) (server, error) {
			return startSingle(ctx, p, []string{b.options.node, script})
		},
		func(ctx context.Context, p place) (server, error) { return b.startAdopted(ctx, p, "rr", script) },
	}
	results := make([]forks, len(starts))
	for round := range b.options.rounds {
		for i, start := range starts {
			b.progress("round %d of %d: %s", round+1, b.options.rounds, forkTitles[i])
			if err := b.forkTurn(ctx, start, n, &results[i]); err != nil {
				return fmt.Errorf("%s: %w", forkTitles[i], err)
			}
		}
	}
	return writeForks(out, b.options.rounds, n, results[0].medians(), results[1].medians())
}

var forkTitles = [2]string{"Node's cluster", "nodecluster exec"}

func (b *bench) forkTurn(ctx context.Context, start func(context.Context, place) (server, error), n int, f *forks) error {
	folder, err := os.MkdirTemp(b.folder, "fork")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	told := filepath.Join(folder, "forks.json")
	s, err := start(ctx, place{env: []string{fmt.Sprintf("FORKS=%d", n), "OUT=" + told}})
	if err != nil {
		return err
	}
	defer s.end()
	var millis []float64
	err = measure.Await(fmt.Sprintf("primary that has forked %d workers", n), func() bool {
		text, err := os.ReadFile(told)
		return err == nil && json.Unmarshal(text, &millis) == nil
	}, s.running)
	if err != nil {
		return err
	}
	f.first, f.later = append(f.first, millis[0]), append(f.later, millis[1:]...)
	f.memory = append(f.memory, float64(measure.ProportionalMemory(s.processes()...))/(1<<20))
	return nil
}

func writeForks(w io.Writer, rounds, n int, node, ours [3]float64) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%d workers, one after the other, two at a time, in rounds of which there are %d; medians.\n\n", n, rounds)
	text.WriteString("| primary | first cluster.fork(), ms | each further, ms | memory (PSS), MiB |\n|---|---|---|---|\n")
	row := func(title string, f [3]float64) {
		fmt.Fprintf(&text, "| %s | %.1f | %.1f | %.1f |\n", title, f[0], f[1], f[2])
	}
	row(forkTitles[0], node)
	row(forkTitles[1], ours)
	row("the difference", [3]float64{ours[0] - node[0], ours[1] - node[1], ours[2] - node[2]})
	fmt.Fprintf(&text, "| which may be at most | – | %d | %d |\n", maxForkMillis, maxMemoryMiB)
	_, err := io.WriteString(w, text.String())
	return err
}
