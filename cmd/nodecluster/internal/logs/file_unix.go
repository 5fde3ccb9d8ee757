//go:build unix

package logs

import "syscall"

// openFlags have the opening of a FIFO that nobody reads fail, rather than wait, and a write to it be one that can be ended.
const openFlags = syscall.O_NONBLOCK
