package nodeipc

import "syscall"

// SignalName returns a signal's name.
func SignalName(s syscall.Signal) string { return s.String() }
