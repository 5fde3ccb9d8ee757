//go:build unix

package options

import (
	"fmt"
	"os"
	"syscall"
)

// workerAttributes start each worker in a process group of its own, so that a terminal's Ctrl-C reaches the primary
// alone, which then asks the workers to leave.
func workerAttributes() *syscall.SysProcAttr {
	attr := OwnGroup()
	endWithPrimary(attr)
	return attr
}

// OwnGroup starts a process in a group of its own.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// WorkerStdin is what workers read instead of standard input, nil where they can have that: a background process
// that reads its terminal is stopped by the system.
func WorkerStdin() (*os.File, error) {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil, nil
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("the workers' standard input: %w", err)
	}
	return null, nil
}
