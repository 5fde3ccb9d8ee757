//go:build unix

package trace

import (
	"os"

	"golang.org/x/sys/unix"
)

// inForeground reports whether a terminal's Ctrl-C goes to this process, and to the program, which is of its group.
func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
