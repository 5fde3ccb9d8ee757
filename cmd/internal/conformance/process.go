//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// markVariable is in the environment of a test and of all that it starts, by which what it leaves behind is found.
const markVariable = "NODECLUSTER_CONFORMANCE_TEST"

// outcome is what came of a process.
type outcome struct {
	failure string // why it failed, empty if it did not
	output  string
	seconds float64
}

// runProcess runs a command in a process group of its own, and ends all that is left of it afterwards.
func runProcess(ctx context.Context, cmd *exec.Cmd, mark string, timeout time.Duration, outputPath string) (outcome, error) {
	output, err := os.Create(outputPath)
	if err != nil {
		return outcome{}, err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = append(cmd.Env, markVariable+"="+mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return outcome{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var o outcome
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case err = <-ended:
	case <-limit.C:
		o.failure = fmt.Sprintf("still running after %v", timeout)
	case <-ctx.Done():
		o.failure = "interrupted"
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	killMarked(mark)
	o.seconds = time.Since(began).Seconds()
	if o.failure != "" {
		<-ended
	}
	text, readErr := os.ReadFile(outputPath)
	o.output = string(text)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		o.failure = exit.Error()
		if line := essence(o.output); line != "" {
			o.failure += ": " + line
		}
		err = nil
	}
	return o, errors.Join(err, readErr)
}

// killMarked ends processes that a test has put into groups of their own.
func killMarked(mark string) {
	wanted := []byte(markVariable + "=" + mark)
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		environment, err := os.ReadFile(path)
		if err != nil || !containsVariable(environment, wanted) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func containsVariable(environment, wanted []byte) bool {
	for _, variable := range bytes.Split(environment, []byte{0}) {
		if bytes.Equal(variable, wanted) {
			return true
		}
	}
	return false
}

// telling are lines that say why a test failed: an error that was thrown, a function that was not called as often as it
// had to be, and what Go's end says.
var telling = regexp.MustCompile(`(?m)^(\w*Error( \[\w+\])?: |Mismatched |primary: ).*$`)

// essence is the line of a failed test's output that says most.
func essence(output string) string {
	if line := telling.FindString(output); line != "" {
		return line
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
