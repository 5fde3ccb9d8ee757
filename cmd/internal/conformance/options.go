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

// rigsOf says which rigs a value of --rig stands for.
var rigsOf = map[string][]string{
	"proxy": {"proxy"}, "primary": {"primary"}, "worker": {"worker"},
	"both": {"proxy", "primary"}, "all": {"proxy", "primary", "worker"},
}

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
	o.rigs = rigsOf[*rig]
	return o, o.check(flags.Args(), *rig)
}

func (o *options) check(rest []string, rig string) (err error) {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %s: there are flags only", rest[0])
	case o.rigs == nil:
		return fmt.Errorf("--rig %s: use proxy, primary, worker, both (the first two) or all", rig)
	case o.jobs < 1:
		return fmt.Errorf("--jobs %d: use 1 or more", o.jobs)
	case o.timeout <= 0:
		return fmt.Errorf("--timeout %v: use a duration such as 60s", o.timeout)
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
