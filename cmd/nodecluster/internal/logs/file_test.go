//go:build unix

package logs

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A log is rotated when it is large, the files are compressed, no more are kept than there may be, and what is left is read across them.
func TestRotation(t *testing.T) {
	nodetest.NoLeaks(t)
	o := Options{MaxSize: 20_000, MaxFiles: 3}
	r := newRig(t, o)
	w := r.worker(0, 1)
	lines, first := 0, "" // of 100 bytes in the file, and the first file that was rotated and compressed
	for first == "" || exists(first) {
		if old, err := rotatedFiles(r.path); err == nil && first == "" && len(old) > 0 && strings.HasSuffix(old[0].path, ".gz") {
			first = old[0].path
		}
		if lines == 100_000 {
			t.Fatal("no file that is too many was removed")
		}
		for range 100 {
			r.print(w.stdout, fmt.Sprintf("%6d %s\n", lines, strings.Repeat("x", 58)))
			lines++
		}
		r.readNow()
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	old, err := rotatedFiles(r.path)
	if err != nil || len(old) == 0 || len(old) > 3 {
		t.Fatalf("the rotated files are %v, %v", old, err)
	}
	for _, o := range old {
		if !o.isOwn || !strings.HasSuffix(o.path, "-size.log.gz") {
			t.Errorf("a rotated file is %+v", o)
		}
	}
	info, err := os.Stat(r.path)
	if err != nil || info.Size() > 2*o.MaxSize {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
	all := read(t, r.path, everything())
	if len(all) < 200 || len(all) >= lines {
		t.Errorf("%d lines are left", len(all))
	}
	for i, line := range all {
		if want := fmt.Sprintf("%6d ", lines-len(all)+i); !strings.HasPrefix(line.Text, want) {
			t.Fatalf("line %d is %q, want %q", i, line.Text, want)
		}
	}
	if last := read(t, r.path, Query{Lines: 250, Instance: -1}); !slices.Equal(last, all[len(all)-len(last):]) {
		t.Errorf("the last 250 lines are %d others", len(last))
	}
}

// A log that is opened again goes on, and one that was begun a day ago is rotated.
func TestRotationByTime(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{})
	r.print(r.worker(0, 1).stdout, "first\n")
	r.Close()
	again := newRig(t, Options{Path: r.path})
	again.print(again.worker(0, 2).stdout, "second\n")
	again.Close()
	if got := texts(read(t, r.path, everything())); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("the log has %q", got)
	}
	yesterday := time.Now().Add(-25*time.Hour).Format(timeFormat) + " 0/1 out old\n"
	if err := os.WriteFile(r.path, []byte(yesterday), 0o600); err != nil {
		t.Fatal(err)
	}
	again = newRig(t, Options{Path: r.path})
	again.print(again.worker(0, 3).stdout, "new\n")
	again.Close()
	if old, _ := rotatedFiles(r.path); len(old) != 1 || !strings.HasSuffix(old[0].path, "-time.log.gz") {
		t.Errorf("the rotated files are %v", old)
	}
	if got := texts(read(t, r.path, everything())); !slices.Equal(got, []string{"old", "new"}) {
		t.Errorf("the log has %q", got)
	}
}

// What another program moves or removes is begun anew, on a call at once and otherwise soon; a flush empties all.
func TestFileThatOthersTouch(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{})
	w := r.worker(0, 1)
	r.print(w.stdout, "first\n")
	r.awaitTexts("first")
	moved := r.path + ".1"
	if err := os.Rename(r.path, moved); err != nil {
		t.Fatal(err)
	}
	if err := r.Reopen(); err != nil {
		t.Error(err)
	}
	r.print(w.stdout, "second\n")
	r.awaitTexts("first", "second")
	if text, _ := os.ReadFile(r.path); !strings.HasSuffix(string(text), " second\n") || strings.Contains(string(text), "first") {
		t.Errorf("the new file has %q", text)
	}
	if err := errors.Join(os.Remove(r.path), os.Remove(moved)); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool {
		r.print(w.stdout, "third\n")
		_, err := os.Stat(r.path)
		return err == nil
	}) {
		t.Fatal("a file that was removed is not begun anew")
	}
	if err := os.Truncate(r.path, 0); err != nil {
		t.Fatal(err)
	}
	r.print(w.stdout, "fourth\n")
	if !eventually(func() bool {
		text, _ := os.ReadFile(r.path)
		return strings.HasSuffix(string(text), " fourth\n") && !strings.HasPrefix(string(text), "\x00")
	}) {
		t.Error("a file that was truncated does not go on")
	}
	if err := r.Flush(); err != nil {
		t.Error(err)
	}
	r.awaitTexts()
	r.print(w.stdout, "fifth\n")
	r.awaitTexts("fifth")
}

// flood prints so many bytes, and gives how many lines that are. It fails if the printing does not end.
func (r *rig) flood(w *worker, bytes int) (lines int) {
	r.t.Helper()
	const block = 100
	text := strings.Repeat(strings.Repeat("f", 99)+"\n", block)
	blocks := bytes / len(text)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for range blocks {
			w.stdout.WriteString(text)
		}
	}()
	nodetest.Receive(r.t, printed, "end of the printing")
	r.readNow()
	return blocks * block
}

// expectAccount checks that all lines that were printed are in the log, or in the count of those that are lost, which is in the log.
func expectAccount(t *testing.T, lines []Line, printed int, why string) {
	t.Helper()
	there, lost := 0, 0
	for _, line := range lines {
		var n int
		if !line.Note {
			there++
		} else if _, err := fmt.Sscanf(line.Text, "%d line", &n); err != nil || !strings.Contains(line.Text, why) {
			t.Errorf("the note is %q, want one about %s", line.Text, why)
		}
		lost += n
	}
	if lost == 0 || there == 0 || there+lost != printed {
		t.Errorf("%d lines are there and %d lost, of %d", there, lost, printed)
	}
}

// A file that may not grow stops nobody, and tells of what is missing once there is room again. No line is cut.
func TestFileWithoutRoom(t *testing.T) {
	nodetest.NoLeaks(t)
	refused := make(chan os.Signal, 1)
	signal.Notify(refused, syscall.SIGXFSZ)
	defer signal.Stop(refused)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Options{})
	w := r.worker(0, 1)
	limit := before
	limit.Cur = 100_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	printed := r.flood(w, 3*maxQueue)
	text, err := os.ReadFile(r.path)
	if limitErr := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil || limitErr != nil {
		t.Fatal(err, limitErr)
	}
	if len(text) > 100_000 || !strings.HasSuffix(string(text), "f\n") {
		t.Errorf("the file has %d bytes, and ends with %q", len(text), text[max(0, len(text)-10):])
	}
	if _, dropped := r.Counts(); dropped == 0 {
		t.Error("nothing was dropped")
	}
	if !eventually(func() bool {
		text, err := os.ReadFile(r.path)
		return err == nil && strings.Contains(string(text), " - log ")
	}) {
		t.Fatal("the log does not tell of what is missing")
	}
	r.print(w.stdout, "again\n")
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	lines := read(t, r.path, everything())
	if last := lines[len(lines)-1]; last.Text != "again" {
		t.Errorf("the last line is %+v", last)
	}
	expectAccount(t, lines, printed+1, syscall.EFBIG.Error())
}

// fifo makes a FIFO that is open for reading.
func fifo(t *testing.T) (path string, reader *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if w, err := Open(Options{Path: path}); !errors.Is(err, syscall.ENXIO) {
		w.Close()
		t.Errorf("a FIFO that nobody reads: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return path, reader
}

// A reader that does not read stops nobody.
func TestFileThatIsSlow(t *testing.T) {
	nodetest.NoLeaks(t)
	path, reader := fifo(t)
	r := newRig(t, Options{Path: path})
	w := r.worker(0, 1)
	printed := r.flood(w, 3*maxQueue)
	if lines := r.LastLines(0); lines != nil {
		t.Errorf("the last lines are %q", lines)
	}
	var lines []Line
	read := make(chan struct{})
	go func() {
		defer close(read)
		from := newScanner(reader)
		for {
			b, err := from.next()
			if err != nil {
				return
			}
			lines = append(lines, parse(b))
		}
	}()
	if !eventually(func() bool { written, dropped := r.Counts(); return written+dropped >= uint64(printed) }) {
		t.Error("the log does not go on")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	nodetest.Receive(t, read, "end of the log")
	expectAccount(t, lines, printed, "they came faster")
}

// The end of a log that nobody reads comes all the same, and says so.
func TestCloseOfWhatIsStuck(t *testing.T) {
	nodetest.NoLeaks(t)
	path, _ := fifo(t)
	r := newRig(t, Options{Path: path})
	r.flood(r.worker(0, 1), 1<<20)
	if err := r.Flush(); !errors.Is(err, errStuck) {
		t.Errorf("flush: %v", err)
	}
	if err := r.Close(); !errors.Is(err, errStuck) {
		t.Errorf("close: %v", err)
	}
}
