//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
)

// tracesTest is the Go test that compares the traces of Go's workers with those of Node's, scenario by scenario.
const tracesTest = "TestGoWorkersLeaveTheSameTrace"

// event is a line of go test -json.
type event struct {
	Action  string
	Test    string
	Elapsed float64
	Output  string
}

// worker runs the comparison under the Node of the tests' major version.
func (r *runner) worker(ctx context.Context, report *report) error {
	major, _, _ := strings.Cut(strings.TrimPrefix(r.version, "v"), ".")
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-run", "^"+tracesTest+"$/^node"+major+"$", "./cluster")
	cmd.Dir, cmd.Stderr = r.root, os.Stderr
	cmd.Env = append(os.Environ(), "NODECLUSTER_TEST_ALL=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	found, err := r.followTraces(json.NewDecoder(out), report)
	waited := cmd.Wait()
	switch {
	case err != nil:
		return err
	case !found && waited != nil:
		return fmt.Errorf("go test ./cluster: %w", waited)
	case !found:
		return fmt.Errorf("the rig worker has no Node %s: it runs the Nodes of scripts/runtimes", major)
	}
	return nil
}

// followTraces reports each test that has none below it, and one that fails though none below it does.
func (r *runner) followTraces(events *json.Decoder, report *report) (found bool, err error) {
	output := map[string]*strings.Builder{}
	parents, failedBelow := map[string]bool{}, map[string]bool{}
	for {
		var e event
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return found, err
		}
		outcome := map[string]string{"pass": passed, "fail": failed, "skip": skipped}[e.Action]
		switch {
		case e.Test == "":
		case e.Action == "run":
			parents[path.Dir(e.Test)] = true
			output[e.Test] = &strings.Builder{}
		case e.Action == "output" && output[e.Test] != nil:
			output[e.Test].WriteString(e.Output)
		case outcome == "" || parents[e.Test] && (outcome != failed || failedBelow[e.Test]):
		default:
			found = true
			r.reportTrace(report, &e, outcome, output[e.Test])
		}
		if e.Action == "fail" {
			failedBelow[path.Dir(e.Test)] = true
		}
	}
}

func (r *runner) reportTrace(report *report, e *event, outcome string, output *strings.Builder) {
	res := &result{Rig: "worker", Name: strings.TrimPrefix(e.Test, tracesTest+"/"), Outcome: outcome, Seconds: e.Elapsed}
	if outcome == failed {
		res.Output = output.String()
	}
	if r.matches(res.Name) {
		report.add(res)
	}
}
