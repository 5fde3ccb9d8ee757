// Package measuretest builds what the tests of the programs that measure need.
package measuretest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Main runs the tests of a package that is three folders below the repository's root, with programs of this repository, whose packages are
// relative to the root. It builds the programs once, with the race detector if the tests have it, and sets folder to where they are. It
// returns the exit status.
func Main(m *testing.M, folder *string, packages ...string) int {
	built, err := os.MkdirTemp("", "programs")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the programs:", err)
		return 1
	}
	defer os.RemoveAll(built)
	build := exec.Command("go", append([]string{"build", "-buildvcs=false", fmt.Sprintf("-race=%t", nodetest.RaceDetector), "-o", built}, packages...)...)
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, out)
		return 1
	}
	*folder = built
	return m.Run()
}
