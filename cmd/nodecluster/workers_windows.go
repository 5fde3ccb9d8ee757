package main

import (
	"os"
	"syscall"
)

func workerAttributes() *syscall.SysProcAttr { return nil }

func workerStdin() (*os.File, error) { return nil, nil }
