//go:build !portable

package logs

import (
	"os"

	"golang.org/x/sys/unix"
)

// newPipe makes a pipe of which only our end is nonblocking. The runtime's poller does not know it: it would be woken by each write.
func newPipe() (ours int, theirs *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return -1, nil, os.NewSyscallError("fcntl", err)
	}
	unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize) // fewer bytes do too
	return fds[0], os.NewFile(uintptr(fds[1]), "worker's output"), nil
}
