package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// programs is the folder of the programs of this repository that the tests measure, which are built once.
var programs string

func TestMain(m *testing.M) {
	os.Exit(testWithPrograms(m))
}

func testWithPrograms(m *testing.M) int {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the programs:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	programs = folder
	build := exec.Command("go", "build", "-buildvcs=false", fmt.Sprintf("-race=%t", nodetest.RaceDetector), "-o", programs, "./cmd/nodecluster", "./cmd/examples/worker")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
