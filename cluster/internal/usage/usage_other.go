//go:build !linux

package usage

import (
	"errors"
	"fmt"
	"runtime"
)

// Supported reports whether Read can tell anything on this system.
const Supported = false

// Read fails with an error that matches [errors.ErrUnsupported].
func Read(int) (Memory, error) {
	return Memory{}, fmt.Errorf("the memory of a process on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Connections fails with an error that matches [errors.ErrUnsupported].
func Connections[P Process]([]P, map[int]bool) ([]int, error) {
	return nil, fmt.Errorf("the connections of processes on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
