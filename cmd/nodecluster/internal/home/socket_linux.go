package home

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// longAddress has the kernel begin at a folder that is open.
func longAddress(path string) (string, openFolder, error) {
	folder, name := filepath.Split(path)
	fd, err := unix.Open(folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", openFolder{-1}, remedy(&fs.PathError{Op: "open", Path: folder, Err: err})
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, name), openFolder{fd}, nil
}
