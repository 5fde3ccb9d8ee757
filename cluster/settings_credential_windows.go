package cluster

import "syscall"

func setCredential(*syscall.SysProcAttr, *uint32, *uint32) {}
