package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const newSuffix = ".new"

// maxWait is how long another process may take to write a record, a moment of which is usual.
const maxWait = 10 * time.Second

// Save writes the record and the folders that it takes. The record is on the disk when Save returns, whole: it is written beside the old
// one and renamed. If Save fails then what was there is there. Several processes may save at once; each writes its own whole, and the last
// one's stays.
func (a *App) Save(r Record) error {
	content, err := r.content()
	if err != nil {
		return fmt.Errorf("cannot save the record of %s: %w", a.name, err)
	}
	if err := a.makeFolders(); err != nil {
		return err
	}
	return remedy(replace(a.recordFile(), content))
}

// makeFolders makes the application's folders, and checks that they are the user's.
func (a *App) makeFolders() error {
	if err := makeFolder(a.logs()); err != nil {
		return remedy(err)
	}
	return checkOwner(a.folder)
}

// makeFolder is os.MkdirAll, for the user alone whatever the umask, and on the disk when it returns. What is there stays as it is.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, folderMode); err != nil {
		if errors.Is(err, fs.ErrExist) { // by now, as another process has made it
			return nil
		}
		return err
	}
	if err := os.Chmod(path, folderMode); err != nil {
		return err
	}
	return syncFolder(parent)
}

// replace writes the content beside the file and renames it. The new file is locked meanwhile, so that no two processes write it, and one
// that a killed process has left is written anew.
func replace(path string, content []byte) error {
	file, err := createLocked(path+newSuffix, time.Now().Add(maxWait))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := writeWhole(file, content); err != nil {
		os.Remove(file.Name())
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		os.Remove(file.Name())
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeWhole(file *os.File, content []byte) error {
	if err := file.Chmod(fileMode); err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	if _, err := file.WriteAt(content, 0); err != nil {
		return err
	}
	return file.Sync()
}

// createLocked opens a file, which is there or not, and locks it. The file is the one at the path once it is locked: who had it before
// may have renamed or removed it.
func createLocked(path string, late time.Time) (*os.File, error) {
	for {
		file, err := openLocked(path)
		if !errors.Is(err, errLocked) {
			return file, err
		}
		if time.Now().After(late) {
			return nil, fmt.Errorf("another process has been writing %s for %v: look whether it hangs, and try again", path, maxWait)
		}
		time.Sleep(time.Millisecond)
	}
}

// openLocked gives errLocked if another process has the file, or has had it.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|nonblock, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockAt(file, path); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// lockAt locks a file that was opened at the path. It gives errLocked if the file is not there any more.
func lockAt(file *os.File, path string) error {
	if err := tryLock(file); err != nil {
		return err
	}
	mine, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if err == nil && !os.SameFile(mine, there) || errors.Is(err, fs.ErrNotExist) {
		return errLocked
	}
	return err
}
