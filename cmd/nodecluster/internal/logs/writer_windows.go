package logs

import (
	"errors"
	"fmt"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// A Writer keeps what the workers of one application print. There is none on Windows.
type Writer struct{}

// Open fails with an error that matches [errors.ErrUnsupported].
func Open(Options) (*Writer, error) {
	return nil, fmt.Errorf("keeping what workers print on Windows: %w", errors.ErrUnsupported)
}

// Output fails as Open does.
func (*Writer) Output(int) (pool.Output, error) { return nil, errors.ErrUnsupported }

// EggOutput fails as Open does.
func (*Writer) EggOutput(int) (egg.Output, error) { return nil, errors.ErrUnsupported }

// SayAs does nothing.
func (*Writer) SayAs(int, bool, string) {}

// Say does nothing.
func (*Writer) Say(*cluster.Worker, bool, string) {}

// Forget does nothing.
func (*Writer) Forget(*cluster.Worker) {}

// LastLines are none.
func (*Writer) LastLines(int) []string { return nil }

// Counts are 0.
func (*Writer) Counts() (written, dropped uint64) { return 0, 0 }

// Reopen does nothing.
func (*Writer) Reopen() error { return nil }

// Flush does nothing.
func (*Writer) Flush() error { return nil }

// Close does nothing.
func (*Writer) Close() error { return nil }
