//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeTable writes the medians and their ratios to the baseline's, what clients saw, and what was not measured.
func (r *report) writeTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d CPUs%s, %s, Node %s: rounds of %d s, %d clients with %s, medians of %d; ratios are to %s.\n\n",
		r.Kind, r.Machine.CPUs, besideSpinning(r.Spinning), r.Machine.Kernel, strings.TrimPrefix(r.Machine.Node, "v"), r.Seconds, r.Clients,
		plural(r.Addresses, "address", "addresses"), r.Rounds, contenders()[0].title)
	b.WriteString("| workers | primary | connections/s | primary's CPU, µs a connection | primary's memory, MiB | ratios |\n|---|---|---|---|---|---|\n")
	for _, row := range r.Results {
		m := row.Median
		fmt.Fprintf(&b, "| %d | %s | %.0f | %.1f | %.1f | %s |\n", row.Workers, row.title, m.PerSecond, m.CPU, m.Memory, row.ratios(r.base(row.Workers)))
	}
	r.writeNotes(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ratios are those to a baseline, if there is one.
func (r *result) ratios(base *result) string {
	if base == nil {
		return "–"
	}
	m, to := r.Median, base.Median
	return fmt.Sprintf("%s, %s, %s", ratio(m.PerSecond, to.PerSecond), ratio(m.CPU, to.CPU), ratio(m.Memory, to.Memory))
}

func ratio(a, b float64) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func (r *report) writeNotes(b *strings.Builder) {
	var notes []string
	for _, row := range r.Results {
		if row.Median.Errors != "" {
			notes = append(notes, fmt.Sprintf("Clients of %s with %s saw: %s.", row.Name, plural(row.Workers, "worker", "workers"), row.Median.Errors))
		}
	}
	if r.Addresses == 1 && slices.ContainsFunc(r.Results, func(row *result) bool { return row.Name == "sticky" }) {
		notes = append(notes, "All connections come from one address, so that under sticky one worker has them all: --addresses 1000 spreads them.")
	}
	if len(r.LeftOut) > 0 {
		notes = append(notes, "Left out by --only: "+strings.Join(r.LeftOut, ", ")+".")
	}
	if all := r.notMeasured(); len(all) > 0 {
		notes = append(notes, "Not measured:\n\n- "+strings.Join(all, "\n- "))
	}
	for _, note := range notes {
		fmt.Fprintf(b, "\n%s\n", note)
	}
}
