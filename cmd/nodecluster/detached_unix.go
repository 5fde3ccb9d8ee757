//go:build unix

package main

import "syscall"

// detached starts a process that goes on when the terminal of this one is closed.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
