//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestTurnUnderNode(t *testing.T) {
	nodetest.NoLeaks(t)
	c := contestant{name: "node", command: []string{nodetest.Default(t).Path, "testdata/primary.js", "../../../testdata/apps/http.js"}}
	if err := c.turn(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if c.kills == 0 || c.counts[clients.Answered] == 0 {
		t.Errorf("%d workers killed, %d connections answered", c.kills, c.counts[clients.Answered])
	}
	var table strings.Builder
	if err := printTable(&table, []contestant{c}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(table.String(), "\n"); lines != 2 {
		t.Errorf("a table of %d lines for one primary:\n%s", lines, table.String())
	}
}
