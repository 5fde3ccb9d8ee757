//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// report is all that came of a run.
type report struct {
	Machine     measure.Machine `json:"machine"`
	Kind        string          `json:"kind"`
	Rounds      int             `json:"rounds"`
	Seconds     int             `json:"seconds"`
	Clients     int             `json:"clients"`
	Addresses   int             `json:"addresses"`
	Spinning    int             `json:"spinning,omitempty"` // processes beside
	Results     []*result       `json:"results"`
	LeftOut     []string        `json:"leftOut"` // by --only
	NotMeasured []omission      `json:"notMeasured"`
}

// result is what a contender came to with one number of workers.
type result struct {
	Name    string    `json:"name"`
	Workers int       `json:"workers"`
	Median  figures   `json:"median"`
	Turns   []figures `json:"turns"`
	title   string
}

func newResult(c contender, workers int, turns []figures) *result {
	r := &result{Name: c.name, Workers: workers, Turns: turns, title: c.title}
	r.Median = figures{
		PerSecond: measure.Median(turns, figures.perSecond),
		CPU:       measure.Median(turns, figures.cpu),
		Memory:    measure.Median(turns, figures.memory),
	}
	for _, f := range turns {
		if f.Errors != "" {
			r.Median.Errors = f.Errors
		}
	}
	return r
}

// omission is what was not measured, and why.
type omission struct {
	Name    string `json:"name"`
	Workers int    `json:"workers,omitempty"` // with which it failed; 0 if it was not there
	Reason  string `json:"reason"`
}

func (o omission) String() string {
	if o.Workers > 0 {
		return fmt.Sprintf("%s with %s: %s", o.Name, plural(o.Workers, "worker", "workers"), o.Reason)
	}
	return fmt.Sprintf("%s: %s", o.Name, o.Reason)
}

// base is the baseline's result with as many workers, nil if there is none.
func (r *report) base(workers int) *result {
	for _, b := range r.Results {
		if b.Name == baseline && b.Workers == workers {
			return b
		}
	}
	return nil
}

func (r *report) notMeasured() (all []string) {
	for _, o := range r.NotMeasured {
		all = append(all, o.String())
	}
	return all
}

// failure is the error if contenders that were there have failed.
func (r *report) failure() error {
	var failed []string
	for _, o := range r.NotMeasured {
		if o.Workers > 0 && !slices.Contains(failed, o.Name) {
			failed = append(failed, o.Name)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return errors.New("contenders have failed: " + strings.Join(failed, ", "))
}

func (r *report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
