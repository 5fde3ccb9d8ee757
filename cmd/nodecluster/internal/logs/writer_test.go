//go:build unix

package logs

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/dayjs"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// What many workers print at once, in pieces of all sizes, is in the file line by line, in its worker's order. A line is in two parts if this
// test took a second between two pieces of it.
func TestLinesOfManyWorkers(t *testing.T) {
	for _, kind := range []Kind{Text, JSON} {
		t.Run(string(kind), func(t *testing.T) {
			nodetest.NoLeaks(t)
			r := newRig(t, Options{Kind: kind})
			const workers, lines = 4, 3000
			text := func(n int) string { return fmt.Sprint(n, " ", strings.Repeat("äx", n%300)) }
			var printing sync.WaitGroup
			var late atomic.Int64 // pieces for which a line may have waited too long
			for i := range workers {
				w := r.worker(i, 10+i)
				for _, f := range []*os.File{w.stdout, w.stderr} {
					printing.Go(func() {
						var all strings.Builder
						for n := range lines {
							all.WriteString(text(n) + "\n")
						}
						began := time.Now()
						for rest, size := all.String(), 1; rest != ""; size = size*7%4099 + 1 {
							piece := rest[:min(size, len(rest))]
							before := began
							began = time.Now()
							if r.print(f, piece); time.Since(before) >= maxBegun {
								late.Add(1)
							}
							rest = rest[len(piece):]
						}
					})
				}
			}
			printing.Wait()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			next, begun, parts := map[string]int{}, map[string]string{}, 0
			for _, line := range read(t, r.path, everything()) {
				from := fmt.Sprint(line.Instance, line.Worker, line.Stderr)
				begun[from] += line.Text
				if line.Partial {
					parts++
					continue
				}
				if want := text(next[from]); begun[from] != want || line.Time.IsZero() {
					t.Fatalf("a line of %s is %q: %+v, want %q", from, begun[from], line, want)
				}
				begun[from] = ""
				next[from]++
			}
			if int64(parts) > late.Load() {
				t.Errorf("%d lines are cut, and %d pieces were late", parts, late.Load())
			}
			if len(next) != 2*workers {
				t.Errorf("there are lines of %v", next)
			}
			for from, n := range next {
				if n != lines {
					t.Errorf("%d lines are from %s, want %d", n, from, lines)
				}
			}
			if written, dropped := r.Counts(); written != uint64(2*workers*lines+parts) || dropped != 0 {
				t.Errorf("%d lines were written and %d dropped", written, dropped)
			}
		})
	}
}

// odd is a text that has to be escaped in JSON, and cannot be in it as it is.
const odd = "\x1b[31mred\x1b[0m \"quoted\" \\ tab\t \x00 \xff é\r"

// Lines look in the file as the documentation says, whatever bytes are in them.
func TestFormats(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{})
	j := newRig(t, Options{Kind: JSON})
	for _, r := range []*rig{r, j} {
		w := r.worker(3, 17)
		r.print(w.stdout, odd+"\n")
		r.readNow()
		r.print(w.stderr, "wrong\n")
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		lines := read(t, r.path, everything())
		if len(lines) != 2 || lines[0].Worker != 17 || lines[0].Instance != 3 || lines[0].Stderr || !lines[1].Stderr || lines[1].Text != "wrong" {
			t.Errorf("%s has %+v", r.path, lines)
		}
	}
	text, _ := os.ReadFile(r.path)
	first, second, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(first, time.Now().Format("2006-01-02T")) || !strings.HasSuffix(first, " 3/17 out "+odd) || !strings.HasSuffix(second, " 3/17 err wrong\n") {
		t.Errorf("the log has %q and %q", first, second)
	}
	text, _ = os.ReadFile(j.path)
	first, _, _ = strings.Cut(string(text), "\n")
	var object map[string]any
	if err := json.Unmarshal([]byte(first), &object); err != nil {
		t.Fatalf("%q: %v", first, err)
	}
	if object["text"] != strings.ToValidUTF8(odd, "\ufffd") || object["stream"] != "out" || object["instance"] != 3. || object["worker"] != 17. {
		t.Errorf("the object is %v", object)
	}
}

// The files that PM2 would write have the text alone, after the time if that is asked for.
func TestFilesOfPM2(t *testing.T) {
	nodetest.NoLeaks(t)
	out, both := t.TempDir()+"/new/out.log", t.TempDir()+"/both.log"
	r := newRig(t, Options{OutFile: out, ErrorFile: both, LogFile: both, Time: true})
	w := r.worker(0, 1)
	r.print(w.stdout, odd+"\n")
	r.readNow()
	r.print(w.stderr, "wrong\n")
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for path, want := range map[string][]string{out: {odd}, both: {odd, "wrong"}} {
		text, _ := os.ReadFile(path)
		var got []string
		for line := range strings.Lines(string(text)) {
			at, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if _, err := time.Parse("2006-01-02T15:04:05", at); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
}

// A long line is cut, a line without an end is given after a moment and at the end of its worker, and both say so.
func TestLinesWithoutAnEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{})
	w, other := r.worker(0, 1), r.worker(1, 2)
	long := strings.Repeat("é", maxLine/2)
	r.print(w.stdout, "a"+long+"\n")
	r.print(other.stdout, "asks: ")
	lines := r.awaitTexts("a"+long[:len(long)-2], "é", "asks: ")
	if !lines[0].Partial || lines[1].Partial || !lines[2].Partial {
		t.Errorf("partial are %v, %v, %v", lines[0].Partial, lines[1].Partial, lines[2].Partial)
	}
	r.print(other.stdout, "answered\nlast")
	other.end()
	lines = r.awaitTexts("a"+long[:len(long)-2], "é", "asks: ", "answered", "last")
	if lines[4].Partial {
		t.Error("the line at the worker's end is partial")
	}
}

// A line whose rest is in the pipe has an end, however late the log is to read it.
func TestLineThatIsReadLate(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{})
	w := r.worker(0, 1)
	if err := r.loop.Call(func() {
		r.print(w.stdout, "one ")
		r.reading.all()
		r.print(w.stdout, "line\n")
		if r.reading.flushOld(time.Now().Add(maxBegun)); !r.reading.flushOld(time.Now()) {
			t.Error("no line waits for its end")
		}
	}); err != nil {
		t.Fatal(err)
	}
	r.awaitTexts("one line")
}

// The last lines of an instance are those of its last worker that has printed any, at once.
func TestLastLines(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, Options{Kind: None})
	if lines := r.LastLines(0); lines != nil {
		t.Errorf("the lines of no worker are %q", lines)
	}
	w := r.worker(0, 1)
	for i := range 30 {
		r.print(w.stderr, fmt.Sprintf("line %d\n\n", i))
	}
	r.print(w.stdout, "no error\n")
	if lines := r.LastLines(0); len(lines) != 20 || lines[0] != "line 10" || lines[19] != "line 29" {
		t.Errorf("the last lines are %q", lines)
	}
	w.end()
	next := r.worker(0, 2)
	if lines := r.LastLines(0); len(lines) != 20 {
		t.Errorf("beside a worker that has printed nothing the last lines are %q", lines)
	}
	r.print(next.stderr, "mine")
	if lines := r.LastLines(0); !slices.Equal(lines, []string{"mine"}) {
		t.Errorf("the last lines are %q", lines)
	}
	if lines := w.LastLines(); len(lines) != 20 {
		t.Errorf("those of the first worker are %q", lines)
	}
}

// Options that make no sense, and files that cannot be, are refused.
func TestOpenWhatCannotBe(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	for want, o := range map[string]Options{
		`the kind of log "xml" is not known`:  {Kind: "xml"},
		`a log of the kind "text" needs a`:    {},
		"the largest size of a log is -1":     {Path: folder + "/a", MaxSize: -1},
		"the largest age of a log is -1ns":    {Path: folder + "/a", MaxAge: -1},
		"the number of rotated logs is -1":    {Path: folder + "/a", MaxFiles: -1},
		"open " + folder + ": is a directory": {Path: folder},
		"mkdir /proc/version":                 {Path: folder + "/b", OutFile: "/proc/version/a"},
	} {
		w, err := Open(o)
		if err == nil {
			w.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	r := newRig(t, Options{})
	r.Close()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Output(0); err == nil {
		t.Error("a closed log takes a worker")
	}
	if err := r.Reopen(); err == nil {
		t.Error("a closed log is reopened")
	}
}

// Reading what workers print allocates for no line.
func TestLinesAreNotAllocated(t *testing.T) {
	for _, f := range []format{textFormat{}, jsonFormat{}, rawFormat{dayjs.Parse(pm2TimeFormat)}} {
		q := newQueue(f)
		r := &reading{}
		s := &stream{reading: r, output: &Output{}, source: source{0, 17, streamOut}, outlets: []*sink{{queue: q}}, before: make([][]byte, 1)}
		s.cutter.emit = s.add
		text := []byte(strings.Repeat(strings.Repeat("x", 99)+"\n", 1000))
		var buffer []byte
		round := func() {
			s.take(text, time.Now())
			buffer, _ = q.take(buffer)
		}
		for range 3 {
			round()
		}
		if n := testing.AllocsPerRun(20, round); n > 0 {
			t.Errorf("%T: %v allocations for 1000 lines", f, n)
		}
		if lines := countLines(buffer); lines != 1000 {
			t.Errorf("%T: %d lines", f, lines)
		}
	}
}
