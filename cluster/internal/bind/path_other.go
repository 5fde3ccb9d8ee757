//go:build unix && !linux

package bind

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// bindAbstract fails: only Linux has abstract names.
func bindAbstract(string) (Socket, error) { return Socket{}, unix.EINVAL }

// openFolder opens the folder of a socket's file. Where that is refused, the file is known by its path.
func (f *socketFile) openFolder(path string) (err error) {
	f.folder, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == unix.EACCES {
		f.folder, f.name = unix.AT_FDCWD, filepath.Join(path, f.name)
		return nil
	}
	return err
}

func (f *socketFile) bindName() (string, error) { return f.path, nil }

// chmod changes the mode of the socket's file, and of none that a symbolic link names.
func (f *socketFile) chmod(mode uint32) error {
	return unix.Fchmodat(f.folder, f.name, mode, unix.AT_SYMLINK_NOFOLLOW)
}
