//go:build unix

package trace

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// TestExits: all are heard that were told before the stop and make sense, whatever stands among them.
func TestExits(t *testing.T) {
	nodetest.NoLeaks(t)
	where, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer where.remove()
	e, err := newExits(where)
	if err != nil {
		t.Fatal(err)
	}
	parent, err := os.OpenFile(where.path(tracing.Exits), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	for _, line := range []string{
		`{"pid":1,"code":3,"signal":""}`, `}`, `{"pid":"one"}`, strings.Repeat("x", tracing.MaxExit), `{"pid":2,"code":0,"signal":"SIGKILL"}`,
	} {
		if _, err := parent.WriteString(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	var heard, broken []string
	told := make(chan struct{})
	go func() {
		defer close(told)
		e.hear(
			func(x tracing.Exit) { heard = append(heard, fmt.Sprintf("%d %v", x.PID, x)) },
			func(err error) { broken = append(broken, err.Error()) },
		)
	}()
	e.stop()
	<-told
	if got, want := strings.Join(heard, ", "), "1 exited with code 3, 2 was ended by SIGKILL"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	if got := strings.Join(broken, "\n"); strings.Count(got, "an exit that makes no sense") != 3 || len(broken) != 3 {
		t.Errorf("of three that are broken it says %q", broken)
	}
}
