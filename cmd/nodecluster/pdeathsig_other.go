//go:build unix && !linux

package main

import "syscall"

func endWithPrimary(*syscall.SysProcAttr) {}
