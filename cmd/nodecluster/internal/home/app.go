package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// An App is what is kept of one application. Its methods may be called by several goroutines at once, and by several processes.
type App struct {
	name    string
	home    *Home
	folder  string
	sockets string // the folder of the socket

	mu   sync.Mutex
	held *Lock // nil if it is not locked by this App
}

// Name is the application's name.
func (a *App) Name() string { return a.name }

// Folder is the absolute path of the application's folder, which may not be there.
func (a *App) Folder() string { return a.folder }

// LogFile is where the output of its workers is, if its configuration says nothing else. Save makes the folder.
func (a *App) LogFile() string { return filepath.Join(a.logs(), a.name+".log") }

// SupervisorLog is where a supervisor without a terminal writes what it says. Save makes the folder.
func (a *App) SupervisorLog() string { return filepath.Join(a.folder, "supervisor.log") }

func (a *App) logs() string       { return filepath.Join(a.folder, "logs") }
func (a *App) recordFile() string { return filepath.Join(a.folder, "app.json") }
func (a *App) lockFile() string   { return filepath.Join(a.folder, "lock") }

// Remove takes away the record, the lock and the socket, and what the supervisor has said. What the workers have printed stays. It gives
// ErrRunning while a supervisor runs the application, unless this App has the lock, which is to be closed afterwards. It is no error if
// nothing is there.
func (a *App) Remove() error {
	if _, err := os.Lstat(a.folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !a.locked() {
		lock, err := a.Lock()
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	// The record goes first: without it there is no application.
	for _, path := range []string{a.recordFile(), a.recordFile() + newSuffix, a.socket(), a.SupervisorLog(), a.lockFile()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return remedy(err)
		}
	}
	syncFolder(a.folder)
	for _, folder := range []string{a.sockets, a.logs(), a.folder} {
		os.Remove(folder) // unless something is in it
	}
	return nil
}

func (a *App) locked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held != nil
}
