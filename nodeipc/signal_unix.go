//go:build unix

package nodeipc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName is a signal's name as Node gives it: SIGTERM and so on.
func SignalName(s syscall.Signal) string { return unix.SignalName(s) }
