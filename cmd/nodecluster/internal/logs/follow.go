package logs

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// pollPeriod is how often a file is looked at that may be on a file system which tells of no changes.
const pollPeriod = time.Second

// follow gives the lines that come from now on, until the context ends.
func (r *reader) follow(ctx context.Context, yield func(Line, error) bool) {
	changes, stop := watch(filepath.Dir(r.path))
	defer stop()
	poll := time.NewTicker(pollPeriod)
	defer poll.Stop()
	for ctx.Err() == nil {
		more, err := r.catchUp(ctx, yield)
		if err != nil {
			yield(Line{}, err)
		}
		if !more || err != nil {
			return
		}
		select {
		case <-changes:
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}

// watch gives a channel that has something when something in a folder has changed, and what ends that. Where changes cannot be watched
// there is nothing.
func watch(folder string) (changes <-chan fsnotify.Event, stop func()) {
	w, err := fsnotify.NewBufferedWatcher(64)
	if err != nil {
		return nil, func() {}
	}
	if w.Add(folder) != nil {
		w.Close()
		return nil, func() {}
	}
	return w.Events, func() { w.Close() }
}

// catchUp gives what has come, in the file and in those that have followed it. It reports whether more is wanted.
func (r *reader) catchUp(ctx context.Context, yield func(Line, error) bool) (more bool, err error) {
	for ctx.Err() == nil {
		if r.live != nil {
			if err := r.noticeTruncation(); err != nil {
				return false, err
			}
			if !r.readOn(yield) {
				return false, nil
			}
			if isAt(r.live, r.path) {
				return true, nil
			}
		}
		if _, err := os.Stat(r.path); err != nil {
			return true, nil // there is none, or none yet
		}
		if more, err := r.goOver(ctx, yield); !more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// readOn gives the lines that have come in the file.
func (r *reader) readOn(yield func(Line, error) bool) bool {
	var none int
	for {
		line, err := r.lines.next()
		if err != nil {
			return true
		}
		if !r.give(line, &none, yield) {
			return false
		}
	}
}

// noticeTruncation begins again at the start of a file that has become shorter.
func (r *reader) noticeTruncation() error {
	info, err := r.live.Stat()
	if err != nil || info.Size() >= r.lines.offset {
		return err
	}
	if _, err := r.live.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r.lines.reset(r.live, 0)
	return nil
}

// goOver goes over to the file that is at the path by now, through those that were there in between.
func (r *reader) goOver(ctx context.Context, yield func(Line, error) bool) (more bool, err error) {
	before, newest := r.live, r.newest
	old, err := r.openLive()
	if err != nil {
		return false, err
	}
	if before != nil {
		defer before.Close()
		// What was written until it was moved.
		if !r.readOn(yield) {
			return false, nil
		}
		var none int
		if rest := r.lines.rest(); rest != nil && !r.give(rest, &none, yield) {
			return false, nil
		}
	}
	if r.lines = nil; r.live != nil {
		r.lines = newScanner(r.live)
	}
	for _, o := range laterThan(old, before, newest) {
		f, err := openRotated(o.path)
		if err != nil {
			continue // it was removed
		}
		if more, err := r.readFile(ctx, &segment{file: f}, yield); !more || err != nil {
			return more, err
		}
	}
	return true, nil
}

// laterThan are the files that were begun after one that was open, and rotated since. The newest one was the newest of those that were rotated before.
func laterThan(old []rotated, before *os.File, newest time.Time) (later []rotated) {
	for _, o := range old {
		if o.at.After(newest) {
			later = append(later, o)
		}
	}
	if before == nil || len(later) == 0 {
		return later
	}
	own := 0 // the one that was moved first is the one that was open
	for i, o := range later {
		if isAt(before, o.path) {
			own = i
		}
	}
	return later[own+1:]
}
