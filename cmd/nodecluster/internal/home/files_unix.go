//go:build unix

package home

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const (
	errQuota    = syscall.EDQUOT
	errNotEmpty = syscall.ENOTEMPTY
)

func ownerOf(info fs.FileInfo) (uid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}

// syncFolder has the names in a folder be on the disk. Some file systems have no such thing, and need none.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
