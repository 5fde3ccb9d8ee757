package home

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	// ErrRunning is in an error if a supervisor runs the application.
	ErrRunning = errors.New("the application runs already")
	// ErrNotRunning is in an error if no supervisor runs the application.
	ErrNotRunning = errors.New("the application does not run")

	errLocked = errors.New("the file is locked")
)

// A Lock says that a supervisor runs an application. The system takes it away when the process ends, however it ends.
type Lock struct {
	app   *App
	file  *os.File
	close func() error
}

// Lock says that this process runs the application, and makes the folders that it takes. The error holds ErrRunning, and says by which
// process, if another has said so. It does not wait.
func (a *App) Lock() (*Lock, error) {
	if err := a.makeFolders(); err != nil {
		return nil, err
	}
	file, err := openLocked(a.lockFile())
	if errors.Is(err, errLocked) {
		return nil, a.running()
	}
	if err != nil {
		return nil, remedy(err)
	}
	if err := writePid(file); err != nil {
		file.Close()
		return nil, remedy(err)
	}
	l := &Lock{app: a, file: file}
	l.close = sync.OnceValue(l.release)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = l
	return l, nil
}

func writePid(file *os.File) error {
	if err := file.Chmod(fileMode); err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(file, os.Getpid())
	return err
}

// running is ErrRunning, with the process if that has written its number by now.
func (a *App) running() error {
	file, err := os.OpenFile(a.lockFile(), os.O_RDONLY|nonblock, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", a.name, ErrRunning)
	}
	defer file.Close()
	content, _ := io.ReadAll(io.LimitReader(file, 32))
	if pid, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && pid > 0 {
		return fmt.Errorf("%s: %w, as process %d", a.name, ErrRunning, pid)
	}
	return fmt.Errorf("%s: %w", a.name, ErrRunning)
}

// Close gives the lock up. The listener of the application is to be closed before. It may be called again.
func (l *Lock) Close() error { return l.close() }

func (l *Lock) release() error {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	l.app.held = nil
	return l.file.Close()
}

// Running reports whether a supervisor has the lock. It waits for nothing.
func (a *App) Running() (bool, error) {
	file, err := os.OpenFile(a.lockFile(), os.O_RDWR|nonblock, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, remedy(err)
	}
	defer file.Close()
	switch err := testLock(file); {
	case errors.Is(err, errLocked):
		return true, nil
	case err != nil:
		return false, remedy(err)
	}
	return false, nil
}

// Wait returns once no supervisor has the lock, or with an error of ctx. A supervisor that was asked to stop has said so, and its
// process may go on for a moment.
func (a *App) Wait(ctx context.Context) error {
	again := time.NewTicker(5 * time.Millisecond) // no event tells of a lock that was given up
	defer again.Stop()
	for {
		if running, err := a.Running(); err != nil || !running {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}
