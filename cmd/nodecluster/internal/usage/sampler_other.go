//go:build !linux

package usage

import (
	"errors"
	"fmt"
	"runtime"
)

// Sampler reads what processes use on Linux.
type Sampler struct{}

// Sample fails with an error that matches [errors.ErrUnsupported].
func (*Sampler) Sample([]int) (map[int]Reading, error) {
	return nil, fmt.Errorf("what processes use on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
