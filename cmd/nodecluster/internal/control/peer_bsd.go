//go:build darwin || freebsd

package control

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// levelLocal is SOL_LOCAL.
const levelLocal = 0

// peerOf tells who connected, as the kernel has it from that moment.
func peerOf(c *net.UnixConn) (p peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		var credentials *unix.Xucred
		if credentials, err = unix.GetsockoptXucred(int(fd), levelLocal, unix.LOCAL_PEERCRED); err != nil {
			return
		}
		p.uid = int(credentials.Uid)
		for _, group := range credentials.Groups[:min(max(int(credentials.Ngroups), 0), len(credentials.Groups))] {
			p.groups = append(p.groups, int(group))
		}
	})
	return p, errors.Join(controlErr, err)
}
