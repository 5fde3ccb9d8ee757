//go:build !linux

package limits

import "runtime"

// cpus is how many CPUs the process may run on.
func cpus() int { return runtime.NumCPU() }
