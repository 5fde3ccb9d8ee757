//go:build !portable

package cluster

import "golang.org/x/sys/unix"

// acceptQueue is how many connections wait in a listening socket, 0 if it is none of TCP.
func acceptQueue(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return int(info.Unacked) // which of a listening socket is that
}
