//go:build unix

package drain

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// inspect reports whether all users can get to what is in a folder. It fails for one in which others than root and this user could
// replace that, or one of the folders above it.
func inspect(path string) (isOpen bool, err error) {
	isOpen = true
	for {
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		if mayBeReplaced(info) {
			return false, fmt.Errorf("what is in %s may be replaced by other users", path)
		}
		isOpen = isOpen && info.Mode()&0o001 != 0
		above := filepath.Dir(path)
		if above == path {
			return isOpen, nil
		}
		path = above
	}
}

// mayBeReplaced reports whether others than root and this user may rename what is in a folder.
func mayBeReplaced(folder os.FileInfo) bool {
	owner := folder.Sys().(*syscall.Stat_t)
	switch {
	case owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return true
	case folder.Mode()&os.ModeSticky != 0:
		return false
	}
	return folder.Mode()&0o002 != 0 || folder.Mode()&0o020 != 0 && int(owner.Gid) != os.Getegid()
}

// lock has systemd-tmpfiles leave a folder, however old it is. A file system without locks has no such folder for long.
func lock(folder *os.File) { unix.Flock(int(folder.Fd()), unix.LOCK_SH) }

// changesRoot reports whether a worker has another root, in which the script is not.
func changesRoot(attr *syscall.SysProcAttr) bool { return attr != nil && attr.Chroot != "" }

// changesUser reports whether a worker runs as another user than this process.
func changesUser(attr *syscall.SysProcAttr) bool { return attr != nil && attr.Credential != nil }
