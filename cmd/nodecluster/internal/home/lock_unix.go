//go:build unix

package home

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

const nonblock = unix.O_NONBLOCK

// flock locks a file for as long as it is open, or gives errLocked.
func flock(file *os.File, how int) error {
	for {
		switch err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB); {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		case err != nil:
			return &fs.PathError{Op: "flock", Path: file.Name(), Err: err}
		default:
			return nil
		}
	}
}
