//go:build !portable

package interpose

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepDeathSignal gives what restores the signal that the parent's end brings, which the system forgets where a process
// becomes another user.
func keepDeathSignal() (restore func()) {
	var signal int32
	unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0)
	return func() { unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(signal), 0, 0, 0) }
}
