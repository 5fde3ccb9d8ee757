//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// writeTable writes a line of Markdown for each contender, and what else there is to say.
func (m *measurement) writeTable(w io.Writer) error {
	var b strings.Builder
	o := m.options
	fmt.Fprintf(&b, "%v: %d workers, %d clients, of which %d keep their connections, and which wait %v between requests.\n\n",
		m.machine, o.workers, o.clients, o.keepAlive, o.pause)
	noun := nouns[o.change]
	fmt.Fprintf(&b, "| who | %ss | requests | failed | %s | a %s, s: median | longest | p99 before, ms | during | ratio |\n|%s\n",
		noun, strings.Join(kindNames[:], " | "), noun, strings.Repeat("---|", int(kinds)+9))
	for _, r := range m.results {
		r.writeRow(&b)
	}
	for _, note := range m.notes() {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *result) writeRow(b *strings.Builder) {
	f := r.figures
	fmt.Fprintf(b, "| %s | %d | %d | %d ", r.title, f.changes, f.requests, f.failures())
	for _, n := range f.failed {
		fmt.Fprintf(b, "| %d ", n)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", in(time.Second, f.median), in(time.Second, f.most),
		in(time.Millisecond, f.before), in(time.Millisecond, f.during), f.ratio())
}

// in is a time in a unit. None is one that was not measured.
func in(unit, d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(d)/float64(unit))
}

func (f figures) ratio() string {
	if f.before == 0 || f.during == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(f.during)/float64(f.before))
}

func (m *measurement) notes() (notes []string) {
	for _, r := range m.results {
		if r.figures.last != nil {
			notes = append(notes, fmt.Sprintf("The last request that failed under %s: %v.", r.title, r.figures.last))
		}
	}
	for _, o := range m.omissions {
		notes = append(notes, fmt.Sprintf("Not measured%s: %s: %v.", o.part(m.results), o.title, o.err))
	}
	return notes
}

// part says that a part was measured, if it was.
func (o omission) part(results []*result) string {
	if slices.ContainsFunc(results, func(r *result) bool { return r.title == o.title }) {
		return " to the end"
	}
	return ""
}
