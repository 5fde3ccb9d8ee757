package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker that sends log4js's messages wrongly takes nothing of another's lines, nor much memory, and its own right line is there.
func TestLog4jsHostile(t *testing.T) {
	const maxMiB = 1 << 10
	lines := manyLines(50_000)
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			p := launch(t, []string{"NODE_PATH=" + nodetest.Libraries(t), fmt.Sprint("LINES=", lines), "SERIALIZATION=" + serialization},
				"-i", "2", "--serialization", serialization, routesData+"log4js-hostile.js")
			p.expectStatus(0)
			out := p.stdout.String()
			expectInOrder(t, out, 1, lines)
			for _, text := range []string{"[INFO] hostile - the last line\n", "[WARN] app - two\nlines\n"} {
				if n := strings.Count(out, text); n != 1 {
					t.Errorf("%q is there %d times", text, n)
				}
			}
			if strings.Contains(out+p.stderr.String(), " lost: ") {
				t.Error("lines are lost")
			}
			if n := strings.Count(p.stderr.String(), "a message is no event of log4js: "); n == 0 {
				t.Error("no message was refused")
			}
			if used := p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10; used > maxMiB {
				t.Errorf("the program has used %d MiB", used)
			}
		})
	}
}
