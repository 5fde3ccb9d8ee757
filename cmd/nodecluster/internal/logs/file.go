package logs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/DeRuina/timberjack"
)

const (
	rotationPeriod = 24 * time.Hour
	// checkPeriod is how often a file is looked for at its path: something else may have moved or removed it.
	checkPeriod = time.Second
)

// file is a target that is rotated, if it is a regular file. What it writes goes to the end of the file at its path, whatever becomes of that.
type file struct {
	options Options
	path    string

	f         *os.File // nil while it cannot be opened
	writing   atomic.Pointer[os.File]
	isRegular bool
	size      int64
	begun     time.Time
	checked   time.Time
	torn      bool          // a line was written in part, and could not be taken back
	cleaned   chan struct{} // is closed once what the last rotation has left is compressed
}

// openFile opens a file for a sink. Its error is why it cannot be opened now.
func openFile(path string, o Options) (*file, error) {
	t := &file{options: o, path: path, cleaned: make(chan struct{})}
	close(t.cleaned)
	return t, t.open()
}

// open opens what is at the path, or makes it.
func (t *file) open() error {
	if t.f != nil {
		t.f.Close()
		t.f = nil
	}
	if err := os.MkdirAll(filepath.Dir(t.path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(t.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|openFlags, 0o640)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	t.f, t.isRegular, t.size, t.torn = f, info.Mode().IsRegular(), info.Size(), false
	t.writing.Store(f)
	t.checked = time.Now()
	t.begun = t.checked
	if t.isRegular && t.size > 0 {
		t.begun = begunAt(t.path, t.begun)
		t.torn = !endsLine(t.path, t.size)
	}
	return nil
}

// endsLine reports whether the end of a file is that of a line. A process that was killed while it wrote may have left half a line.
func endsLine(path string, size int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	last := []byte{'\n'}
	f.ReadAt(last, size-1)
	return last[0] == '\n'
}

// begunAt is the time of a file's first line, or else.
func begunAt(path string, otherwise time.Time) time.Time {
	f, err := os.Open(path)
	if err != nil {
		return otherwise
	}
	defer f.Close()
	start := make([]byte, 256)
	n, _ := f.Read(start)
	first, _, _ := bytes.Cut(start[:n], []byte{'\n'})
	if line := parse(first); !line.Time.IsZero() && line.Time.Before(otherwise) {
		return line.Time
	}
	return otherwise
}

// write writes lines, each of them into one file.
func (t *file) write(lines []byte) (written int, err error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	for written < len(lines) {
		part := lines[written:]
		if t.isRegular {
			if part, err = t.fitting(part); err != nil {
				return written, err
			}
		}
		n, err := t.append(part)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// ready has the file open that is at the path by now.
func (t *file) ready() error {
	now := time.Now()
	switch {
	case t.f == nil:
		return t.open()
	case now.Sub(t.checked) < checkPeriod:
		return nil
	}
	t.checked = now
	own, err := t.f.Stat()
	if err != nil {
		return t.open()
	}
	t.size = own.Size() // which others may have changed
	if found, err := os.Stat(t.path); err != nil || !os.SameFile(own, found) {
		return t.open()
	}
	return nil
}

// fitting is the part of lines that is to be written next, after a rotation if one is due.
func (t *file) fitting(lines []byte) ([]byte, error) {
	firstLine := bytes.IndexByte(lines, '\n') + 1
	why := ""
	switch {
	case t.size == 0:
	case time.Since(t.begun) >= rotationPeriod:
		why = "time"
	case t.options.MaxSize-t.size < int64(firstLine):
		why = "size"
	}
	if why != "" {
		if err := t.rotate(why); err != nil {
			return nil, err
		}
	}
	room := t.options.MaxSize - t.size
	if int64(len(lines)) <= room {
		return lines, nil
	}
	if end := bytes.LastIndexByte(lines[:max(room, 0)], '\n'); end >= 0 {
		return lines[:end+1], nil
	}
	return lines[:firstLine], nil // which is longer than a file may be
}

// append writes lines to the file, and takes back what it has written of a line that has no room.
func (t *file) append(lines []byte) (int, error) {
	if t.torn {
		if _, err := t.f.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		t.torn = false
		t.size++
	}
	n, err := t.f.Write(lines)
	t.size += int64(n)
	if err == nil {
		return n, nil
	}
	whole := bytes.LastIndexByte(lines[:n], '\n') + 1
	if whole < n {
		t.torn = !t.isRegular || t.f.Truncate(t.size-int64(n-whole)) != nil
		if !t.torn {
			t.size -= int64(n - whole)
		}
	}
	return whole, err
}

// rotate has the file moved aside, compressed and, in time, removed, and begins another one. While what the last rotation has left is being
// compressed, the file may become twice as large.
func (t *file) rotate(why string) error {
	select {
	case <-t.cleaned:
	default:
		if t.size < 2*t.options.MaxSize {
			return nil
		}
		<-t.cleaned
	}
	// One for each rotation: it would keep a file open that something else has removed.
	rotator := &timberjack.Logger{
		Filename: t.path, MaxBackups: t.options.MaxFiles, MaxAge: days(t.options.MaxAge), Compression: "gzip",
	}
	if err := rotator.RotateWithReason(why); err != nil {
		rotator.Close()
		return err
	}
	t.cleaned = make(chan struct{})
	go func() {
		defer close(t.cleaned)
		rotator.Close() // which waits
	}()
	return t.open()
}

func days(d time.Duration) int { return int((d + 24*time.Hour - 1) / (24 * time.Hour)) }

// reopen opens what is at the path by now.
func (t *file) reopen() error { return t.open() }

// flush empties the file, and removes the rotated ones.
func (t *file) flush() error {
	<-t.cleaned
	if err := t.open(); err != nil || !t.isRegular {
		return err
	}
	errs := []error{t.f.Truncate(0)}
	t.size, t.begun = 0, time.Now()
	old, err := rotatedFiles(t.path)
	errs = append(errs, err)
	for _, o := range old {
		if !o.isOwn {
			continue
		}
		if err := os.Remove(o.path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// interrupt ends a write to a FIFO, which has deadlines.
func (t *file) interrupt() {
	if f := t.writing.Load(); f != nil {
		f.SetWriteDeadline(time.Now())
	}
}

func (t *file) close() error {
	<-t.cleaned
	if t.f == nil {
		return nil
	}
	return t.f.Close()
}
