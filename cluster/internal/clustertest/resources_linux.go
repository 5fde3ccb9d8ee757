//go:build linux

package clustertest

import "golang.org/x/sys/unix"

// LeaveRoomFor sets the limit on descriptors so that n more can be opened.
func LeaveRoomFor(n uint64) error {
	free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.Close(free)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = uint64(free) + n
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// MakeRoomFor raises the limit on descriptors by n.
func MakeRoomFor(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur += n
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}
