//go:build unix

package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
)

// printTable writes one line a primary.
func printTable(w io.Writer, contestants []contestant) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "primary\tworkers killed\t")
	for o := range clients.Outcomes {
		fmt.Fprintf(table, "%s\t", o)
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
