//go:build unix

package socket

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// appendRights appends the descriptors of control messages. Of a message that was cut off it takes those that are left: they are
// open in this process, and whoever takes no notice of them loses them.
func appendRights(fds []int, control []byte) []int {
	for len(control) >= unix.CmsgLen(0) {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		size := min(int(header.Len), len(control))
		if size < unix.CmsgLen(0) {
			break
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SCM_RIGHTS {
			for rights := control[unix.CmsgLen(0):size]; len(rights) >= 4; rights = rights[4:] {
				fds = append(fds, int(int32(binary.NativeEndian.Uint32(rights))))
			}
		}
		control = control[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(control)):]
	}
	return fds
}
