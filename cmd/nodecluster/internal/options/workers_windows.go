package options

import (
	"os"
	"syscall"
)

func workerAttributes() *syscall.SysProcAttr { return nil }

// WorkerStdin is nil: workers read standard input.
func WorkerStdin() (*os.File, error) { return nil, nil }
