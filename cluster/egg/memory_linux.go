//go:build !portable

package egg

import "golang.org/x/sys/unix"

// systemMemory is the machine's in bytes, and what of it is free.
func systemMemory() (total, free uint64) {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0, 0
	}
	return uint64(info.Totalram) * uint64(info.Unit), uint64(info.Freeram) * uint64(info.Unit)
}
