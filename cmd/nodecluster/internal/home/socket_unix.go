//go:build unix

package home

import (
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSocketPath is in bytes, less the one that ends the path.
const maxSocketPath = len(unix.RawSockaddrUnix{}.Path) - 1

// ownSocket has the file be the user's alone from the first moment, where the system can do that.
func ownSocket(raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) { unix.Fchmod(int(fd), fileMode) })
}

// socketAddress is what the system takes for the socket in the folder, for as long as the open folder is not closed.
func socketAddress(folder string) (string, openFolder, error) {
	path := filepath.Join(folder, "control.sock")
	if len(path) <= maxSocketPath {
		return path, openFolder{-1}, nil
	}
	return longAddress(path)
}

// An openFolder is a descriptor, or -1.
type openFolder struct{ fd int }

func (f openFolder) close() {
	if f.fd >= 0 {
		unix.Close(f.fd)
	}
}
