package trace

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	f := folder(`/tmp/a "b" \c`)
	ours, where := `NODE_OPTIONS=--require "/tmp/a \"b\" \\c/preload.cjs"`, `NODECLUSTER_TRACE=/tmp/a "b" \c`
	for _, test := range []struct{ before, after []string }{
		{[]string{"A=1"}, []string{"A=1", ours, where}},
		{[]string{"NODE_OPTIONS=--no-warnings", "A=1"}, []string{"A=1", ours + " --no-warnings", where}},
		{[]string{where, ours + " --x", "A=1"}, []string{"A=1", ours + " --x", where}},
	} {
		if got := f.environment(test.before); !slices.Equal(got, test.after) {
			t.Errorf("of %q it makes %q, want %q", test.before, got, test.after)
		}
	}
}

func TestReportIsShortened(t *testing.T) {
	var r report
	r.setCommand([]string{"node", strings.Repeat("x", maxReported), "never"})
	if n := len(fmt.Sprint(r.Command)); len(r.Command) != 2 || n > maxReported+10 || r.Command[0] != "node" {
		t.Errorf("%d words in %d bytes", len(r.Command), n)
	}
}
