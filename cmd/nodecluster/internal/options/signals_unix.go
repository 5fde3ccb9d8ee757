//go:build unix

package options

import (
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalNamed returns the signal with a name as kill -l has it, with or without SIG.
func SignalNamed(name string) (syscall.Signal, error) {
	s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	if s == 0 {
		return 0, errors.New("use a signal's name, such as SIGTERM, INT or USR2")
	}
	return s, nil
}
