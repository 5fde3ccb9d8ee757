//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// The outcomes of a test.
const (
	passed  = "ok"
	failed  = "not ok"
	skipped = "skip"
)

// result is what came of a test in a rig.
type result struct {
	Rig     string `json:"rig"`
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	// Processes are the workers that Go forked, or the children whose channels it relayed; How says which.
	Processes int     `json:"processes"`
	How       string  `json:"how,omitempty"`
	Seconds   float64 `json:"seconds"`
	Output    string  `json:"output,omitempty"`
}

func (r *result) String() string {
	fields := []string{r.Outcome, r.Rig, r.Name}
	if r.Reason != "" {
		fields = append(fields, r.Reason)
	}
	if r.How != "" {
		fields = append(fields, fmt.Sprintf("%d %s", r.Processes, r.How))
	}
	return strings.Join(fields, "  ")
}

// report is all of the results.
type report struct {
	Suite   string    `json:"suite"`
	Node    string    `json:"node"`
	Version string    `json:"version"`
	Passed  int       `json:"passed"`
	Failed  int       `json:"failed"`
	Skipped int       `json:"skipped"`
	Results []*result `json:"results"`
}

// add prints a result, and what a failing test wrote.
func (r *report) add(result *result) {
	r.Results = append(r.Results, result)
	switch result.Outcome {
	case passed:
		r.Passed++
	case failed:
		r.Failed++
	default:
		r.Skipped++
	}
	fmt.Println(result)
	if result.Outcome == failed && result.Output != "" {
		fmt.Fprintln(os.Stderr, "    "+strings.ReplaceAll(strings.TrimSpace(result.Output), "\n", "\n    "))
	}
}

func (r *report) printTotals() {
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.Passed, r.Failed, r.Skipped)
}

func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
