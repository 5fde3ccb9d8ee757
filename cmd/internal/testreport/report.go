package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is a line of go test -json: see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64 // seconds
	Output  string
}

// test is one test of one package.
type test struct{ folder, name string }

// timed is a test that has ended.
type timed struct {
	test
	seconds float64
}

// report is what has come of the tests so far.
type report struct {
	out     *bufio.Writer
	all     bool
	running map[test][]string // what each test has printed that has not ended
	took    []timed
	passed  int
	skipped map[string][]test // by why
}

func newReport(out io.Writer, all bool) *report {
	return &report{out: bufio.NewWriter(out), all: all, running: map[test][]string{}, skipped: map[string][]test{}}
}

// read takes events to their end. A line that is none, as of a build that fails, is printed as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err == io.EOF {
			return r.out.Flush()
		}
		if err != nil {
			return err
		}
		if lines.Buffered() == 0 {
			r.out.Flush()
		}
	}
}

func (r *report) line(line []byte) {
	var e event
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &e) != nil {
		r.out.Write(line)
		return
	}
	e.Package = strings.TrimPrefix(e.Package, modulePrefix)
	switch {
	case e.Action == "build-output":
		r.out.WriteString(e.Output)
	case e.Test != "":
		r.test(&e)
	case e.Action == "output":
		r.packageOutput(&e)
	case e.Action == "fail":
		r.packageFails(e.Package)
	}
}

const modulePrefix = "github.com/nodecluster/nodecluster/"

// framing is what go test -v prints around a test.
var framing = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME) |^ *--- PASS: `)

func (r *report) test(e *event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "output", "bench":
		if r.all {
			r.out.WriteString(e.Output)
		}
		if !framing.MatchString(e.Output) {
			r.running[t] = append(r.running[t], e.Output)
		}
		return
	case "pass":
		r.passed++
	case "fail":
		r.print(t)
	case "skip":
		why := reason(r.running[t])
		r.skipped[why] = append(r.skipped[why], t)
	default:
		return
	}
	delete(r.running, t)
	if !strings.Contains(e.Test, "/") {
		r.took = append(r.took, timed{t, e.Elapsed})
	}
}

// print prints what a test has printed, unless everything is.
func (r *report) print(t test) {
	if r.all {
		return
	}
	for _, line := range r.running[t] {
		r.out.WriteString(line)
	}
}

// packageOutput prints the line that sums a package up, and what else its program prints outside of its tests.
func (r *report) packageOutput(e *event) {
	if r.all || e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "?") {
		r.out.WriteString(e.Output)
	}
}

// packageFails prints what those tests have printed that a panic or a time limit has kept from ending.
func (r *report) packageFails(folder string) {
	for t := range r.running {
		if t.folder == folder {
			r.print(t)
			delete(r.running, t)
		}
	}
}

var skipLine = regexp.MustCompile(`^ *[^ ]+\.go:\d+: (.*)\n`)

// reason is what a test that was skipped says last.
func reason(printed []string) string {
	for _, line := range slices.Backward(printed) {
		if said := skipLine.FindStringSubmatch(line); said != nil {
			return said[1]
		}
	}
	return "for no reason given"
}

// summarize prints the slowest tests, and what was skipped and why.
func (r *report) summarize(slowest int) error {
	slices.SortStableFunc(r.took, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	for i, t := range r.took[:min(slowest, len(r.took))] {
		if i == 0 {
			fmt.Fprintln(r.out, "slowest:")
		}
		fmt.Fprintf(r.out, "  %6.1f s  %s in %s\n", t.seconds, t.name, t.folder)
	}
	n := 0
	for _, tests := range r.skipped {
		n += len(tests)
	}
	fmt.Fprintf(r.out, "%d passed, %d skipped\n", r.passed, n)
	for _, why := range sortedByCount(r.skipped) {
		names := make([]string, 0, 3)
		for _, t := range r.skipped[why] {
			if len(names) == cap(names) {
				names = append(names, "…")
				break
			}
			names = append(names, t.name)
		}
		fmt.Fprintf(r.out, "  %3d  %s (%s)\n", len(r.skipped[why]), why, strings.Join(names, ", "))
	}
	return r.out.Flush()
}

func sortedByCount(skipped map[string][]test) (reasons []string) {
	for why := range skipped {
		reasons = append(reasons, why)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(skipped[b]), len(skipped[a])), strings.Compare(a, b))
	})
	return reasons
}
