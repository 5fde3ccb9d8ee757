//go:build unix && !freebsd && (!linux || portable)

package socket

import "golang.org/x/sys/unix"

const (
	receiveFlags        = unix.MSG_DONTWAIT
	receivesCloseOnExec = false
)
