//go:build linux

package worker_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// asExpected is with what code a program exits that found everything as it should be.
const asExpected = 7

var errAsExpected = errors.New("everything is as expected")

// program registers a program of which a primary makes a worker. It exits with asExpected where it returns errAsExpected, and
// with 1 for any other error.
func program(name string, run func() error) {
	clustertest.Programs[name] = func() error {
		err := run()
		if errors.Is(err, errAsExpected) {
			os.Exit(asExpected)
		}
		return err
	}
}

// expected is what a program returns that has seen what it expects, or not.
func expected(seen bool, what string, values ...any) error {
	if !seen {
		return fmt.Errorf("%s: %v", what, values)
	}
	return errAsExpected
}
