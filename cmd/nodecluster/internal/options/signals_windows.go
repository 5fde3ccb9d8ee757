package options

import (
	"errors"
	"syscall"
)

// SignalNamed returns an error: there are no signals on Windows.
func SignalNamed(string) (syscall.Signal, error) {
	return 0, errors.New("there are no signals on Windows")
}
