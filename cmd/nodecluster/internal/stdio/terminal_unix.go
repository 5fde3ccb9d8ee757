//go:build unix

package stdio

import (
	"os"

	"golang.org/x/sys/unix"
)

// HasTerminal reports whether the process has a controlling terminal, which sends SIGHUP when it hangs up.
func HasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	terminal.Close()
	return true
}
