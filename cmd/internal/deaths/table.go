//go:build unix

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printTable writes one line a primary.
func printTable(w io.Writer, contestants []contestant) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "primary\tworkers killed\t")
	for _, name := range outcomeNames {
		fmt.Fprintf(table, "%s\t", name)
	}
	fmt.Fprintln(table)
	for _, c := range contestants {
		fmt.Fprintf(table, "%s\t%d\t", c.name, c.kills)
		for _, n := range c.counts {
			fmt.Fprintf(table, "%d\t", n)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}
