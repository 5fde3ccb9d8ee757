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

// about says which of the suite's tests a rig is for: those whose file's name matches, and those whose source does.
type about struct{ name, source *regexp.Regexp }

var (
	// aboutClusters are the tests of the cluster module, and of others within one.
	aboutClusters = about{regexp.MustCompile(`cluster`), regexp.MustCompile(`require\('(node:)?cluster'\)`)}
	// aboutProcesses are the tests that start a child with a channel.
	aboutProcesses = about{
		regexp.MustCompile(`^test-child-process-(fork|send|ipc|recv|adv|pass|internal|disconnect|dgram)`), regexp.MustCompile(`\bfork\(|\bfork\)|['"]ipc['"]`),
	}
)

func (a about) takes(name string, source []byte) bool {
	return a.name.MatchString(name) || a.source.Match(source)
}

var forkCall = regexp.MustCompile(`\bfork\(`)

// forksWorkers reports whether the test starts workers of a cluster, by its source.
func (t *test) forksWorkers() bool {
	return aboutClusters.source.Match(t.source) && forkCall.Match(t.source)
}

// sequential reports whether the test has to run alone.
func (t *test) sequential() bool { return strings.HasPrefix(t.name, "sequential/") }

// tests lists the tests that a rig is for and that --match means, by name. Those of the folder sequential cannot run beside others.
func (o *options) tests(kinds ...about) ([]*test, error) {
	var tests []*test
	for _, folder := range []string{"parallel", "sequential"} {
		paths, err := filepath.Glob(filepath.Join(o.suite, folder, "*.js"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			name := folder + "/" + filepath.Base(path)
			if !o.matches(name) {
				continue
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(kinds, func(a about) bool { return a.takes(filepath.Base(path), source) }) {
				tests = append(tests, &test{name: name, path: path, source: source, flags: flagsOf(source)})
			}
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
		if !slices.Contains(rigNames, rig) || reason == "" {
			return nil, fmt.Errorf("%s:%d: want a rig, a test and the reason", path, number+1)
		}
		excluded[rig+" "+name] = strings.TrimSpace(reason)
	}
	return excluded, nil
}
