package home

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file for as long as it is open, or gives errLocked.
//
// It is a lock of the open file description, as flock's is. Unlike that one it can be asked for without being taken: ls would else be in
// the way of a supervisor that starts at that moment.
func tryLock(file *os.File) error {
	switch err := lockDescription(file, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}); {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return errLocked
	case errors.Is(err, unix.EINVAL): // a kernel, such as an emulated one, that has no such locks
		return flock(file, unix.LOCK_EX)
	default:
		return err
	}
}

// testLock gives errLocked if tryLock would.
func testLock(file *os.File) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	switch err := lockDescription(file, unix.F_OFD_GETLK, &lock); {
	case errors.Is(err, unix.EINVAL):
		return flock(file, unix.LOCK_SH)
	case err != nil:
		return err
	}
	if lock.Type != unix.F_UNLCK {
		return errLocked
	}
	return nil
}

func lockDescription(file *os.File, how int, lock *unix.Flock_t) error {
	for {
		switch err := unix.FcntlFlock(file.Fd(), how, lock); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return &fs.PathError{Op: "lock", Path: file.Name(), Err: err}
		default:
			return nil
		}
	}
}
