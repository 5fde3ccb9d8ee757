package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// DefaultDelay is that of the zero Options.
const DefaultDelay = 200 * time.Millisecond

// maxDelays is how many delays what goes on changing is waited for.
const maxDelays = 10

// maxScans is how many times in a row it is looked for folders that were made meanwhile.
const maxScans = 10

// Options say what is watched.
type Options struct {
	// Folder is absolute. Paths and Ignore are meant from there.
	Folder string
	// Paths are files, folders with all that is in them, and patterns such as "src/**/*.js".
	Paths []string
	// Ignore are patterns of what is not watched, beside node_modules, what version control keeps, logs, and what editors leave. One
	// without a slash is that of a name in any folder.
	Ignore []string
	// Written are files that this program writes, and rotates to names that begin in the same way: they are not watched.
	Written []string
	// Delay is for how long nothing may change before changes are told of; 0 is DefaultDelay. After ten delays they are told of in any case.
	Delay time.Duration
}

// A Watcher watches files from New on, until Close is called.
//
// The kernel only says that something has changed. What has is found by looking at all files, so that nothing is missed: not the files
// of a folder that has just been made, and not those of a folder that was renamed. A file that was written and removed again is no change.
type Watcher struct {
	folder  string
	roots   []root
	ignored ignored
	delay   time.Duration
	kernel  *fsnotify.Watcher
	close   func() error
	known   *scan // one goroutine's at a time
}

// New begins to watch. It fails if a path is not there, or if the system lets no more folders be watched.
func New(o Options) (*Watcher, error) {
	w := &Watcher{folder: o.Folder, delay: o.Delay}
	if w.delay == 0 {
		w.delay = DefaultDelay
	}
	var err error
	if w.ignored, err = newIgnored(o.Folder, o.Ignore); err != nil {
		return nil, err
	}
	w.ignored.addWritten(o.Folder, o.Written)
	for _, path := range o.Paths {
		r, err := newRoot(o.Folder, path)
		if err != nil {
			return nil, err
		}
		w.roots = append(w.roots, r)
	}
	if w.kernel, err = fsnotify.NewWatcher(); err != nil {
		return nil, remedy(err)
	}
	w.close = sync.OnceValue(w.kernel.Close)
	w.known = &scan{}
	if _, err := w.look(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Close ends the watching. It may be called again.
func (w *Watcher) Close() error { return w.close() }

// Changes gives the files that have changed, as paths from Options.Folder, each time that some have, until ctx or the loop ends or the Watcher is closed. An error is why
// some may be missed from then on. It is for one goroutine.
func (w *Watcher) Changes(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for w.awaitQuiet(ctx) {
			changed, err := w.look()
			if err != nil && !yield(nil, err) {
				return
			}
			if len(changed) > 0 && !yield(changed, nil) {
				return
			}
		}
	}
}

// awaitQuiet waits until something has happened, and then nothing for the delay. It reports whether that was before the end.
func (w *Watcher) awaitQuiet(ctx context.Context) bool {
	var quiet, late <-chan time.Time
	for {
		select {
		case event, ok := <-w.kernel.Events:
			if !ok {
				return false
			}
			if !w.matters(event) {
				continue
			}
		case _, ok := <-w.kernel.Errors: // there was no room for what has happened
			if !ok {
				return false
			}
		case <-quiet:
			return true
		case <-late:
			return true
		case <-ctx.Done():
			return false
		}
		quiet = time.After(w.delay)
		if late == nil {
			late = time.After(maxDelays * w.delay)
		}
	}
}

// matters reports whether an event is about what is watched, perhaps.
func (w *Watcher) matters(e fsnotify.Event) bool {
	in, ok := w.known.folders[filepath.Dir(e.Name)]
	return !ok || !w.ignored.has(filepath.Join(in.path, filepath.Base(e.Name)))
}

// look looks at all files, has all folders be watched, and gives what has changed.
func (w *Watcher) look() (changed []string, err error) {
	before := w.known
	for range maxScans {
		now := newScan(w.roots, &w.ignored)
		isNew, failed := w.follow(now)
		err = errors.Join(err, failed)
		w.known = now
		if !isNew || failed != nil {
			break
		}
	}
	changed = w.known.changedSince(before)
	for i, path := range changed {
		if relative, err := filepath.Rel(w.folder, path); err == nil {
			changed[i] = relative
		}
	}
	return changed, err
}

// follow has the kernel watch the folders of a scan, and reports whether one was not watched before. Those that are gone come first: the
// kernel goes by the folder, which may have another path by now.
func (w *Watcher) follow(now *scan) (isNew bool, err error) {
	before := w.known.folders
	for real, then := range before {
		if in, ok := now.folders[real]; !ok || !os.SameFile(in.info, then.info) {
			w.kernel.Remove(real) // an error says that it is not there
			delete(before, real)
		}
	}
	for real := range now.folders {
		if _, ok := before[real]; ok {
			continue
		}
		isNew = true
		if failed := w.kernel.Add(real); failed != nil {
			delete(now.folders, real)
			if !errors.Is(failed, fs.ErrNotExist) {
				err = fmt.Errorf("%s cannot be watched: %w", real, remedy(failed))
			}
		}
	}
	return isNew, err
}

// remedy is an error of the kernel that says what to do.
func remedy(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("%w: the user may watch no more folders: ignore some, or raise fs.inotify.max_user_watches and max_user_instances", err)
	}
	return err
}
