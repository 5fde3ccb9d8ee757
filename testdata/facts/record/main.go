//go:build linux

// Command record writes down what real runtimes do as cluster workers and as primaries: one file of facts a runtime.
//
//	go run ./testdata/facts/record -out testdata/facts
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

var (
	out     = flag.String("out", "testdata/facts", "folder to write the facts to")
	sources = flag.String("sources", "testdata/facts/record", "folder of the recorder's scripts")
	only    = flag.String("runtimes", "", "record only runtimes whose name matches this expression")
	names   = flag.String("scenarios", "", "print, and do not write, the scenarios whose name matches this expression")
	verbose = flag.Bool("v", false, "show what the runtimes write to stderr")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run() error {
	folder, err := runtimesFolder()
	if err != nil {
		return err
	}
	found, err := findRuntimes(folder)
	if err != nil {
		return err
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-runtimes: %w", err)
	}
	wanted, err := regexp.Compile(*names)
	if err != nil {
		return fmt.Errorf("-scenarios: %w", err)
	}
	dir, err := filepath.Abs(*sources)
	if err != nil {
		return err
	}
	for _, rt := range found {
		if !chosen.MatchString(rt.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, rt.name)
		if err := recordRuntime(rt, wanted, dir); err != nil {
			return fmt.Errorf("%s: %w", rt.name, err)
		}
	}
	return nil
}

func recordRuntime(rt runtimeBinary, wanted *regexp.Regexp, dir string) error {
	wire, err := recordWire(rt, wanted, filepath.Join(dir, "worker", "worker.cjs"))
	if err != nil {
		return err
	}
	if err := write("wire-"+rt.name+".json", wire); err != nil {
		return err
	}
	if !rt.isNode() {
		return nil
	}
	primary, err := recordPrimary(rt, wanted, filepath.Join(dir, "primary"))
	if err != nil {
		return err
	}
	return write("primary-"+rt.name+".json", primary)
}

func recordWire(rt runtimeBinary, wanted *regexp.Regexp, worker string) ([]wireFact, error) {
	var facts []wireFact
	for _, s := range allScenarios() {
		if !wanted.MatchString(s.name) {
			continue
		}
		for _, mode := range modesFor(rt, s) {
			fact, err := record(rt, s, mode, worker)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			facts = append(facts, fact)
		}
	}
	return facts, nil
}

// modesFor leaves advanced mode to Node: its format is V8's.
func modesFor(rt runtimeBinary, s scenario) []string {
	modes := s.modes
	if modes == nil {
		modes = append(jsonOnly, advancedOnly...)
	}
	if rt.isNode() {
		return modes
	}
	return slices.DeleteFunc(slices.Clone(modes), func(mode string) bool { return mode == "advanced" })
}

// write gives each fact indented JSON that a diff can be read of.
func write(name string, facts any) error {
	raw, err := marshal(facts)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	if *names != "" {
		_, err := os.Stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(filepath.Join(*out, name), b.Bytes(), 0o644)
}
