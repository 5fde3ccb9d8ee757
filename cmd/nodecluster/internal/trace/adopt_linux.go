//go:build !portable

package trace

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adopt has processes whose parents end become children of this one, and reports whether it will so know when all are gone.
func adopt() bool { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == nil }

// resetSignal gives a signal its default effect, which os/signal does not for those that Go's runtime uses.
func resetSignal(s syscall.Signal) {
	var zero [4]uint64 // a sigaction of zeros is SIG_DFL with an empty mask
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&zero)), 0, 8, 0, 0)
}

// noCoreDump: the program has left its own, if any.
func noCoreDump() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
