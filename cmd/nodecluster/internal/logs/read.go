package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"
)

// Read gives the lines of a log, in order, across the files that were rotated, which may be compressed. A log that is not there has none.
// The end of the context ends it. It ends with an error where a file cannot be read. Following goes on when the file is rotated, truncated,
// removed or begun.
func Read(ctx context.Context, path string, q Query) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		r := &reader{path: path, query: q}
		defer r.close()
		for line, err := range r.history(ctx) {
			if !yield(line, err) || err != nil {
				return
			}
		}
		if q.Follow {
			r.follow(ctx, yield)
		}
	}
}

// reader reads one log.
type reader struct {
	path  string
	query Query

	files  []segment // that are there, the oldest first
	live   *os.File  // the last of them, at the path; nil if there is none
	lines  *scanner  // of live
	newest time.Time // when the newest rotated file was moved aside, when live was opened
}

// segment is a file, and where reading it begins.
type segment struct {
	file *os.File
	start
}

// history gives the lines that are there. The file at the path stays open behind the last of them.
func (r *reader) history(ctx context.Context) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := r.locate(ctx); err != nil {
			yield(Line{}, err)
			return
		}
		for i := range r.files {
			more, err := r.readFile(ctx, &r.files[i], yield)
			if err != nil {
				yield(Line{}, err)
			}
			if !more || err != nil {
				return
			}
		}
	}
}

// locate opens the files from the newest on, until they have enough lines.
func (r *reader) locate(ctx context.Context) error {
	old, err := r.openLive()
	if err != nil {
		return err
	}
	wanted := r.query.Lines
	if r.live != nil {
		if wanted, err = r.add(r.live, wanted); err != nil {
			return err
		}
	}
	for i := len(old) - 1; i >= 0 && wanted != 0 && !old[i].at.Before(r.query.Since) && ctx.Err() == nil; i-- {
		f, err := openRotated(old[i].path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed
		}
		if err != nil {
			return err
		}
		if wanted, err = r.add(f, wanted); err != nil {
			return err
		}
	}
	return nil
}

// add adds a file that is older than the others, and says how many lines are wanted still.
func (r *reader) add(f *os.File, wanted int) (int, error) {
	from, err := r.query.startOf(f, wanted)
	r.files = append([]segment{{f, from}}, r.files...)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w", f.Name(), err)
	case from.isOld:
		return 0, nil
	case wanted < 0:
		return wanted, nil
	}
	return wanted - from.matches, nil
}

// openRotated opens a file that may have been compressed since it was seen.
func openRotated(path string) (f *os.File, err error) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		if f, err = os.Open(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// openLive opens the file at the path, and finds those that were rotated before.
func (r *reader) openLive() ([]rotated, error) {
	for {
		f, err := os.Open(r.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		old, err := rotatedFiles(r.path)
		if err != nil {
			f.Close()
			return nil, err
		}
		if !isAt(f, r.path) { // it was rotated meanwhile
			f.Close()
			continue
		}
		if len(old) > 0 {
			r.newest = old[len(old)-1].at
		}
		r.live = f
		return old, nil
	}
}

// isAt reports whether a file is the one at a path. A nil file is one that is not there.
func isAt(f *os.File, path string) bool {
	found, err := os.Stat(path)
	if f == nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	own, ownErr := f.Stat()
	return err == nil && ownErr == nil && os.SameFile(found, own)
}

// readFile gives the lines of a file. It reports whether more are wanted.
func (r *reader) readFile(ctx context.Context, s *segment, yield func(Line, error) bool) (more bool, err error) {
	isLive := s.file == r.live
	if !isLive {
		defer s.file.Close()
	}
	if _, err := s.file.Seek(s.offset, io.SeekStart); err != nil {
		return true, err
	}
	from, err := content(s.file)
	if err != nil {
		return true, fmt.Errorf("%s: %w", s.file.Name(), err)
	}
	lines := newScanner(from)
	if lines.offset = s.offset; isLive {
		r.lines = lines
	} else {
		defer from.Close()
	}
	skip := s.skip
	for ctx.Err() == nil {
		line, err := lines.next()
		if err != nil {
			if isLive && r.query.Follow {
				return true, nil
			}
			line = lines.rest()
		}
		if (err == nil || line != nil) && !r.give(line, &skip, yield) {
			return false, nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return true, fmt.Errorf("%s: %w", s.file.Name(), err)
		}
	}
	return false, nil
}

// give gives a line if it matches, and is none of those that are skipped. It reports whether more are wanted.
func (r *reader) give(b []byte, skip *int, yield func(Line, error) bool) bool {
	line := parse(b)
	if r.query.isOld(&line) || !r.query.matches(&line) {
		return true
	}
	if *skip > 0 {
		*skip--
		return true
	}
	return yield(line, nil)
}

func (r *reader) close() {
	for _, s := range r.files {
		s.file.Close()
	}
	if r.live != nil {
		r.live.Close()
	}
}
