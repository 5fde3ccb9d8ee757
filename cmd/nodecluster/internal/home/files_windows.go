package home

import (
	"io/fs"
	"syscall"
)

const (
	errQuota    = syscall.Errno(1295) // ERROR_DISK_QUOTA_EXCEEDED
	errNotEmpty = syscall.ERROR_DIR_NOT_EMPTY
)

func ownerOf(fs.FileInfo) (uid int, ok bool) { return 0, false }

func syncFolder(string) error { return nil }
