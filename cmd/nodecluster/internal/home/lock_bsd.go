//go:build unix && !linux

package home

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tryLock locks a file for as long as it is open, or gives errLocked. It tries for a moment, as testLock has to take a lock.
func tryLock(file *os.File) error {
	for range 20 {
		if err := flock(file, unix.LOCK_EX); !errors.Is(err, errLocked) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errLocked
}

// testLock gives errLocked if tryLock would. Several tests at once are no lock to each other.
func testLock(file *os.File) error { return flock(file, unix.LOCK_SH) }
