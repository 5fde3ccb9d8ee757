//go:build unix && !linux

package options

import "syscall"

func endWithPrimary(*syscall.SysProcAttr) {}
