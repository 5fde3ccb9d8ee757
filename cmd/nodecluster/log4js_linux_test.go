package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// manyLines are n lines, or a tenth of them under the race detector, with which each takes many times as long.
func manyLines(n int) int {
	if nodetest.RaceDetector {
		return n / 10
	}
	return n
}

// No line that log4js has sent is lost under run, and those of a worker are in order.
func TestLog4jsUnderRun(t *testing.T) {
	const workers = 2
	lines := manyLines(50_000)
	modules := "NODE_PATH=" + nodetest.Libraries(t)
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			p := launch(t, []string{modules, fmt.Sprint("LINES=", lines)}, "-i", fmt.Sprint(workers), "--serialization", serialization, routesData+"log4js.js")
			p.expectStatus(0)
			out := p.stdout.String()
			expectInOrder(t, out, workers, lines)
			for _, text := range []string{
				"[INFO] app - hello wörld 🎉 <ref *1> { name: 'wörld 🎉', self: [Circular *1] } NaN undefined\n",
				"[WARN] app - two\nlines\n",
			} {
				if n := strings.Count(out, text); n != workers {
					t.Errorf("%q is there %d times, want %d", text, n, workers)
				}
			}
			if n := strings.Count(out, "x"); n < workers<<20 {
				t.Errorf("of the long lines there are %d characters", n)
			}
			if n := strings.Count(p.stderr.String(), "[ERROR] app - failed: TypeError: broken\n    at "); n != workers {
				t.Errorf("%d errors are on standard error, want %d", n, workers)
			}
		})
	}
}

var numbered = regexp.MustCompile(`(?m)^(appender )?\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\] \[DEBUG\] app - line (\d+) of (\d+)$`)

// expectInOrder expects the numbered lines of workers, and of each in their order among those that were written in the same way: by the primary,
// or by an appender.
func expectInOrder(t *testing.T, text string, workers, lines int) {
	t.Helper()
	type way struct{ appender, pid string }
	next, counts := map[way]int{}, map[string]int{}
	for _, found := range numbered.FindAllStringSubmatch(text, -1) {
		by, pid := way{found[1], found[3]}, found[3]
		number, err := strconv.Atoi(found[2])
		if err != nil || number < next[by] {
			t.Fatalf("line %s of %s comes after line %d", found[2], pid, next[by]-1)
		}
		next[by] = number + 1
		counts[pid]++
	}
	for pid, n := range counts {
		if n != lines {
			t.Errorf("of worker %s there are %d lines, want %d", pid, n, lines)
		}
	}
	if len(counts) != workers {
		t.Errorf("there are lines of %d workers, want %d", len(counts), workers)
	}
}

// In the application's log a line of log4js is the worker's own, of the stream that fits its level.
func TestLog4jsInLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.log")
	p := launch(t, []string{"NODE_PATH=" + nodetest.Libraries(t), "LINES=10"}, "-i", "2", "--log-type", "none", "--out-file", file, routesData+"log4js.js")
	p.expectStatus(0)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	expectInOrder(t, string(text), 2, 10)
	if strings.Contains(string(text), "[ERROR]") {
		t.Error("what is for standard error is in the file of standard output")
	}
}
