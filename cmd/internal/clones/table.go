//go:build unix

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// table is what was measured in one direction.
type table struct {
	columns []string
	rows    []row
}

type row struct {
	value      string
	contenders []*contender
}

func (t *table) add(value string, contenders []*contender) {
	t.rows = append(t.rows, row{value, contenders})
	for _, c := range contenders {
		if !slices.Contains(t.columns, c.name) {
			t.columns = append(t.columns, c.name)
		}
	}
}

// print writes the first column's CPU in microseconds, and the others' in ratio to that.
func (t *table) print(w io.Writer, direction string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s, µs |", direction, t.columns[0])
	for _, column := range t.columns[1:] {
		fmt.Fprintf(&b, " %s |", column)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---|", len(t.columns)))
	for _, r := range t.rows {
		first := r.contenders[0]
		fmt.Fprintf(&b, "| %s | %.2f |", r.value, median(first.turns)/1000)
		for _, column := range t.columns[1:] {
			i := slices.IndexFunc(r.contenders, func(c *contender) bool { return c.name == column })
			if i < 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %.2f |", r.contenders[i].ratio(first))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}
