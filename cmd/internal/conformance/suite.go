//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// test is a file of the suite.
type test struct {
	name   string // parallel/test-cluster-basic.js
	path   string
	source []byte
	flags  []string
}

// Which of the suite's tests are about what. The folder sequential is of tests that cannot run beside others.
var (
	clusterTests = []string{"parallel/*cluster*.js", "sequential/*cluster*.js"}
	processTests = []string{
		"parallel/test-child-process-fork*.js", "parallel/test-child-process-send*.js", "parallel/test-child-process-ipc*.js",
		"parallel/test-child-process-recv*.js", "parallel/test-child-process-adv*.js", "parallel/test-child-process-pass*.js",
		"parallel/test-child-process-internal*.js", "parallel/test-child-process-disconnect*.js",
		"parallel/test-child-process-dgram*.js",
	}
)

// sequential reports whether the test has to run alone.
func (t *test) sequential() bool { return strings.HasPrefix(t.name, "sequential/") }

// tests lists the tests that the patterns and --match mean, by name.
func (o *options) tests(patterns ...string) ([]*test, error) {
	var tests []*test
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(o.suite, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			name, err := filepath.Rel(o.suite, path)
			if err != nil {
				return nil, err
			}
			if !o.matches(name) {
				continue
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			tests = append(tests, &test{name: name, path: path, source: source, flags: flagsOf(source)})
		}
	}
	slices.SortFunc(tests, func(a, b *test) int { return strings.Compare(a.name, b.name) })
	return tests, nil
}

var flagsLine = regexp.MustCompile(`//\s+Flags:(.*)`)

// flagsOf gives Node's own arguments, which a test may name in a comment, as Node's own runner reads it.
func flagsOf(source []byte) []string {
	if line := flagsLine.FindSubmatch(source); line != nil {
		return strings.Fields(string(line[1]))
	}
	return nil
}

// exclusions are the tests that do not apply to a rig, by "rig name", with the reason.
type exclusions map[string]string

// readExclusions reads lines of rig, name and reason.
func readExclusions(path string) (exclusions, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	excluded := exclusions{}
	for number, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rig, rest, _ := strings.Cut(line, " ")
		name, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if rigsOf[rig] == nil || reason == "" {
			return nil, fmt.Errorf("%s:%d: want a rig, a test and the reason", path, number+1)
		}
		excluded[rig+" "+name] = strings.TrimSpace(reason)
	}
	return excluded, nil
}
