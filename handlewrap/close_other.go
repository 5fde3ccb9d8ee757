//go:build unix && !linux

package handlewrap

import "golang.org/x/sys/unix"

// lingers reports whether closing the socket may wait until its data are sent.
func lingers(fd int) bool {
	linger, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	return err == unix.ENOTSOCK || err == nil && linger.Onoff != 0 && linger.Linger > 0
}

// closesAtOnce reports whether closing a descriptor of another process's cannot take long: it is an internet socket that does not
// linger.
func closesAtOnce(fd int) bool {
	address, err := unix.Getsockname(fd)
	if _, isUnix := address.(*unix.SockaddrUnix); err != nil || isUnix {
		return false
	}
	return !lingers(fd)
}

// closeGuarded closes a descriptor. No call is interrupted here.
func closeGuarded(fd int) (long bool) {
	unix.Close(fd)
	return false
}
