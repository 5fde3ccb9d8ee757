//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// options are the command line. The script gives root, programs and cache.
type options struct {
	suite, node, match, json string
	rigs                     []string
	jobs                     int
	timeout                  time.Duration
	root, programs, cache    string
}

// rigNames are all rigs, in the order in which they run.
var rigNames = []string{"proxy", "primary", "adopt", "worker"}

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Usage = func() { fmt.Fprintln(os.Stderr, "scripts/conformance --help lists the flags") }
	flags.StringVar(&o.suite, "suite", "", "")
	flags.StringVar(&o.node, "node", "", "")
	flags.StringVar(&o.match, "match", "*", "")
	flags.StringVar(&o.json, "json", "", "")
	flags.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "")
	flags.StringVar(&o.root, "root", "", "")
	flags.StringVar(&o.programs, "programs", "", "")
	flags.StringVar(&o.cache, "cache", "", "")
	rig := flags.String("rig", "all", "")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	o.rigs = rigNames
	if *rig != "all" {
		o.rigs = strings.Split(*rig, ",")
	}
	return o, o.check(flags.Args())
}

func (o *options) check(rest []string) (err error) {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %s: there are flags only", rest[0])
	case o.jobs < 1:
		return fmt.Errorf("--jobs %d: use 1 or more", o.jobs)
	case o.timeout <= 0:
		return fmt.Errorf("--timeout %v: use a duration such as 60s", o.timeout)
	}
	for _, name := range o.rigs {
		if !slices.Contains(rigNames, name) {
			return fmt.Errorf("--rig: there is no %q: use %s or all", name, strings.Join(rigNames, ", "))
		}
	}
	if _, err := path.Match(o.match, ""); err != nil {
		return fmt.Errorf("--match %s: %w", o.match, err)
	}
	if o.suite, err = filepath.Abs(o.suite); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(o.suite, "common", "index.js")); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--suite %s: that is not the test folder of a Node source tree: it has no common/index.js", o.suite)
	}
	return nil
}

// matches reports whether --match means a test: its path in the suite, its file's name, or that without .js.
func (o *options) matches(name string) bool {
	for _, n := range []string{name, path.Base(name), strings.TrimSuffix(path.Base(name), ".js")} {
		if ok, _ := path.Match(o.match, n); ok {
			return true
		}
	}
	return false
}
