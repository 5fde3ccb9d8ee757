package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// remedy is an error of the file system in one line that says what to do.
func remedy(err error) error {
	if todo := todo(err); todo != "" {
		return fmt.Errorf("%w: %s", err, todo)
	}
	return err
}

func todo(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errQuota):
		return "make room on the disk"
	case errors.Is(err, syscall.EFBIG):
		return "allow larger files (ulimit -f)"
	case errors.Is(err, syscall.EROFS):
		return "set NODECLUSTER_HOME to a folder that can be written to"
	case errors.Is(err, fs.ErrPermission):
		return "run this as the user that it belongs to, or set NODECLUSTER_HOME to a folder of your own"
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist), errors.Is(err, errNotEmpty):
		return "move away what is in the way"
	}
	return ""
}

// checkOwner gives an error if the folder is another user's, who could have the supervisor run anything.
func checkOwner(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return remedy(err)
	}
	if owner, ok := ownerOf(info); ok && owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d: run this as that user, or set NODECLUSTER_HOME to a folder of your own", folder, owner)
	}
	return nil
}
