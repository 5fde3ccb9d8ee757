//go:build unix

package cluster_test

import (
	"fmt"
	"os"
	"testing"
)

// programVariable names what this test program does in place of its tests, so that a primary can run it as a worker.
const programVariable = "CLUSTER_TEST_PROGRAM"

var programs = map[string]func() error{}

// asProgram is the environment in which this test program is one of the programs. The race detector's end of a
// process takes a second otherwise.
func asProgram(name string) []string {
	return []string{programVariable + "=" + name, "GORACE=atexit_sleep_ms=0"}
}

func TestMain(m *testing.M) {
	name := os.Getenv(programVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	program, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no program %q\n", name)
		os.Exit(2)
	}
	if err := program(); err != nil {
		fmt.Fprintf(os.Stderr, "program %s: %v\n", name, err)
		os.Exit(1)
	}
}
