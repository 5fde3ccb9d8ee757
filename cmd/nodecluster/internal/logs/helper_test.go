//go:build unix

package logs

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// rig is a log, and what it is read by.
type rig struct {
	*Writer
	t    *testing.T
	path string
}

// newRig opens a log. Its file is in a new folder, unless the options have another.
func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "app.log")
	}
	w, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return &rig{w, t, o.Path}
}

// worker is what a worker has: the ends of pipes that it prints to.
type worker struct {
	*Output
	stdout, stderr *os.File
}

func (r *rig) worker(instance, id int) *worker {
	r.t.Helper()
	made, err := r.Output(instance)
	if err != nil {
		r.t.Fatal(err)
	}
	o := made.(*Output)
	w := &worker{o, r.duplicate(o.theirs[0]), r.duplicate(o.theirs[1])}
	o.begin(id)
	r.t.Cleanup(w.end)
	return w
}

func (w *worker) end() {
	w.stdout.Close()
	w.stderr.Close()
}

func (r *rig) duplicate(f *os.File) *os.File {
	r.t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "")
}

func (r *rig) print(f *os.File, text string) {
	r.t.Helper()
	if _, err := f.WriteString(text); err != nil {
		r.t.Error(err)
	}
}

func everything() Query { return Query{Lines: -1, Instance: -1} }

// read gives what a log has by now.
func read(t *testing.T, path string, q Query) (lines []Line) {
	t.Helper()
	for line, err := range Read(context.Background(), path, q) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func texts(lines []Line) (all []string) {
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return all
}

// awaitTexts waits until a log has these lines, and no others.
func (r *rig) awaitTexts(want ...string) []Line {
	r.t.Helper()
	var got []Line
	if !eventually(func() bool {
		got = read(r.t, r.path, everything())
		return slices.Equal(texts(got), want)
	}) {
		for i, text := range texts(got) {
			r.t.Logf("line %d has %d bytes and begins with %.40q", i, len(text), text)
		}
		r.t.Fatalf("the log has %d lines, want %d", len(got), len(want))
	}
	return got
}

func eventually(is func() bool) bool {
	for over := time.Now().Add(nodetest.Patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(over) {
			return false
		}
	}
	return true
}
