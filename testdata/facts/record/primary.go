//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// primaryFact is what a primary and its workers said in one scenario, in order.
type primaryFact struct {
	Scenario string            `json:"scenario"`
	Policy   string            `json:"policy"`
	Facts    []json.RawMessage `json:"facts"`
	Exit     string            `json:"exit"`
}

// anyPort matches what the kernel chose: its range begins above the recorder's own ports.
var (
	longName = regexp.MustCompile(`y{20,}`)
	anyPort  = regexp.MustCompile(`"port":[2-6][0-9]{4}\b`)
)

func recordPrimary(rt runtimeBinary, wanted *regexp.Regexp, dir string) ([]primaryFact, error) {
	facts := []primaryFact{}
	for _, name := range primaryScenarios {
		for _, policy := range policiesOf(name) {
			if !wanted.MatchString(name) {
				continue
			}
			fact, err := runPrimary(rt, name, policy, filepath.Join(dir, "primary.cjs"))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			facts = append(facts, fact)
		}
	}
	return facts, nil
}

// policiesOf leaves out none where the policy cannot matter.
func policiesOf(name string) []string {
	if strings.HasPrefix(name, "inspect") {
		return []string{"rr"}
	}
	return []string{"rr", "none"}
}

func runPrimary(rt runtimeBinary, name, policy, script string) (primaryFact, error) {
	dir, err := os.MkdirTemp("", "facts")
	if err != nil {
		return primaryFact{}, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, rt.path, slices.Concat(rt.args, []string{script, name})...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "NODE_CLUSTER_SCHED_POLICY="+policy)
	listener, err := inheritedListener()
	if err != nil {
		return primaryFact{}, err
	}
	defer listener.Close()
	cmd.ExtraFiles = []*os.File{listener}
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return primaryFact{}, err
	}
	if *verbose && stderr.Len() > 0 {
		fmt.Fprintf(os.Stderr, "%s %s %s:\n%s", rt.name, name, policy, stderr.Bytes())
	}
	fact := primaryFact{Scenario: name, Policy: policy, Facts: []json.RawMessage{}, Exit: cmd.ProcessState.String()}
	for _, line := range lines(stablePrimary(stdout.String(), dir)) {
		fact.Facts = append(fact.Facts, json.RawMessage(line))
	}
	return fact, nil
}

// inheritedListener is the listening socket that a primary finds at fd 3, as from a socket-activating parent.
func inheritedListener() (*os.File, error) {
	fd, err := bindIP(unix.SOCK_STREAM, "127.0.0.1", 18004, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "listener"), unix.Listen(fd, 8)
}

// stablePrimary replaces what differs from run to run.
func stablePrimary(s, dir string) string {
	s = strings.ReplaceAll(s, dir, "DIR")
	s = longName.ReplaceAllString(s, "LONG")
	return anyPort.ReplaceAllString(s, `"port":"PORT"`)
}
