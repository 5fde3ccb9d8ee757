package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(deathSignalVariable) != "" {
		fmt.Println(deathSignal)
		os.Exit(0)
	}
	if folder := os.Getenv(strangerVariable); folder != "" {
		beStranger(tracing.Folder(folder))
		os.Exit(0)
	}
	if socket := os.Getenv(takerVariable); socket != "" {
		giveChannelAway(socket)
		os.Exit(0)
	}
	os.Exit(testWithBinary(m))
}

func testWithBinary(m *testing.M) int {
	folder, err := os.MkdirTemp("", "nodecluster")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the program:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	// Workers of another user must be able to enter it.
	if err := os.Chmod(folder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// What the user of this machine has started is none of the tests' business.
	os.Setenv("NODECLUSTER_HOME", filepath.Join(folder, "home"))
	binary = filepath.Join(folder, "nodecluster")
	build := exec.Command("go", "build", "-buildvcs=false", fmt.Sprintf("-race=%t", nodetest.RaceDetector), "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
