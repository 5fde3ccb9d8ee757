//go:build unix && (!linux || portable)

package main

import "syscall"

func endWithPrimary(*syscall.SysProcAttr) {}
