//go:build unix

package supervise

import (
	"os"
	"strconv"
	"syscall"
)

// closeOnExec makes the descriptors that a folder lists close-on-exec, but for the standard streams.
func closeOnExec(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
