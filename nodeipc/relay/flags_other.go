//go:build unix && !linux

package relay

import "golang.org/x/sys/unix"

const sendFlags = unix.MSG_DONTWAIT
