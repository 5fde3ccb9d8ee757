package options

import (
	"os"
	"syscall"
)

func workerAttributes() *syscall.SysProcAttr { return nil }

// WorkerStdin is nil: workers read standard input.
func WorkerStdin() (*os.File, error) { return nil, nil }

// OwnGroup is of no use here: there are no workers.
func OwnGroup() *syscall.SysProcAttr { return nil }
