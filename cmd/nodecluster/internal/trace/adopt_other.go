//go:build unix && (!linux || portable)

package trace

import (
	"os/signal"
	"syscall"
)

// adopt does nothing here: processes whose parents end are not waited for.
func adopt() bool { return false }

func resetSignal(s syscall.Signal) { signal.Reset(s) }

func noCoreDump() {}
