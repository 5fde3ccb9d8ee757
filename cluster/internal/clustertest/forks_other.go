//go:build unix && !linux

package clustertest

import (
	"syscall"
	"testing"
)

// AwaitForks waits for the processes that this one has begun to start. Such a one has a copy of every descriptor, of those
// too that are closed here meanwhile, until it runs its program.
func AwaitForks(testing.TB) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
}

func watchForks() error { return nil }
