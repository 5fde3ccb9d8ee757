//go:build unix

package nodeipc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName returns a signal's name as Node has it, such as "SIGTERM", and "" for a number that is no signal.
func SignalName(s syscall.Signal) string { return unix.SignalName(s) }
