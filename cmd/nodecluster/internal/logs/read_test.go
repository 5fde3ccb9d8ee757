//go:build unix

package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// noon is when the lines of tests begin. They are a second apart.
var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// logOf are lines as this package writes them.
func logOf(first, last int) string {
	var b []byte
	for i := first; i <= last; i++ {
		from := source{i % 2, 1 + i%2, streamOut}
		if i%5 == 0 {
			from.stream = streamErr
		}
		b = textFormat{}.line(b, textFormat{}.before(nil, noon.Add(time.Duration(i)*time.Second), from), fmt.Append(nil, "line ", i), false)
	}
	return string(b)
}

func compressed(t *testing.T, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	var to io.WriteCloser
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		to = gzip.NewWriter(&b)
	case ".zst":
		if to, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	default:
		return text
	}
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rotatedName is that of a file which was moved aside after a line was written.
func rotatedName(line int) string {
	return "app-" + noon.Add(time.Duration(line)*time.Second).Format(ownTimeFormat) + "-size.log"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(compressed(t, path, text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A log is read from its end, across files that were rotated and compressed, and by all that a query says.
func TestRead(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	path := folder + "/app.log"
	write(t, filepath.Join(folder, rotatedName(199)+".zst"), logOf(0, 199))
	write(t, filepath.Join(folder, rotatedName(299)+".gz"), logOf(200, 299))
	write(t, filepath.Join(folder, rotatedName(399)), logOf(300, 399))
	write(t, filepath.Join(folder, rotatedName(399)+".gz"), "half of what is being compressed\n")
	write(t, folder+"/app-other.log", "another log\n")
	write(t, path, logOf(400, 3999)+"not of this package\n")
	second := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Second) }
	for name, c := range map[string]struct {
		query       Query
		first, last string
		n           int
	}{
		"all":                {everything(), "line 0", "not of this package", 4001},
		"none":               {Query{Instance: -1}, "", "", 0},
		"the last":           {Query{Lines: 1, Instance: -1}, "not of this package", "not of this package", 1},
		"some":               {Query{Lines: 3000, Instance: -1}, "line 1001", "not of this package", 3000},
		"across plain":       {Query{Lines: 3651, Instance: -1}, "line 350", "not of this package", 3651},
		"across gz":          {Query{Lines: 3751, Instance: -1}, "line 250", "not of this package", 3751},
		"across zst":         {Query{Lines: 3901, Instance: -1}, "line 100", "not of this package", 3901},
		"more than there is": {Query{Lines: 9999, Instance: -1}, "line 0", "not of this package", 4001},
		"since":              {Query{Lines: -1, Since: second(250), Instance: -1}, "line 250", "not of this package", 3751},
		"since and some":     {Query{Lines: 10, Since: second(250), Instance: -1}, "line 3991", "not of this package", 10},
		"since lately":       {Query{Lines: -1, Since: second(3990), Instance: -1}, "line 3990", "not of this package", 11},
		"grep":               {Query{Lines: 3, Grep: regexp.MustCompile(`^line \d?50$`), Instance: -1}, "line 750", "line 950", 3},
		"grep far back":      {Query{Lines: 3, Grep: regexp.MustCompile(`^line [123]0$`), Instance: -1}, "line 10", "line 30", 3},
		"stderr":             {Query{Lines: 2, Stderr: true, Instance: 0}, "line 3980", "line 3990", 2},
		"stdout":             {Query{Lines: 2, Stdout: true, Instance: 1}, "line 3997", "line 3999", 2},
	} {
		lines := read(t, path, c.query)
		if len(lines) != c.n {
			t.Errorf("%s: %d lines, want %d", name, len(lines), c.n)
		} else if c.n > 0 && (lines[0].Text != c.first || lines[c.n-1].Text != c.last) {
			t.Errorf("%s: from %q to %q, want from %q to %q", name, lines[0].Text, lines[c.n-1].Text, c.first, c.last)
		}
	}
	if lines := read(t, folder+"/gone/app.log", everything()); lines != nil {
		t.Errorf("a log that is not there has %v", lines)
	}
	write(t, folder+"/broken.log.1.gz.x", "")
	if err := os.WriteFile(folder+"/broken.log.1.gz", []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range Read(context.Background(), folder+"/broken.log", everything()) {
		if err == nil || !strings.Contains(err.Error(), "broken.log.1.gz: ") {
			t.Errorf("what cannot be read: %v", err)
		}
	}
}

// follower reads a log as it grows.
type follower struct {
	t     *testing.T
	lines chan Line
}

func follow(t *testing.T, files []File, q Query) *follower {
	t.Helper()
	q.Follow = true
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{t, make(chan Line)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for line, err := range ReadAll(ctx, files, q) {
			if err != nil {
				t.Error(err)
			}
			select {
			case f.lines <- line:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		nodetest.Receive(t, done, "end of the reading")
	})
	return f
}

func (f *follower) expect(want ...string) {
	f.t.Helper()
	for _, text := range want {
		if line := nodetest.Receive(f.t, f.lines, text); line.Text != text {
			f.t.Fatalf("the line is %q, want %q", line.Text, text)
		}
	}
}

// Following goes on when a log is begun, grows in pieces, is rotated once and twice, truncated, and removed, and gives each line once.
func TestFollow(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	path := folder + "/app.log"
	f := follow(t, []File{{App: "app", Path: path}}, Query{Lines: 2, Instance: -1})
	appendTo := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = file.WriteString(text)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	rotate := func(line int) string {
		t.Helper()
		moved := filepath.Join(folder, rotatedName(line))
		if err := os.Rename(path, moved); err != nil {
			t.Fatal(err)
		}
		return moved
	}
	text := logOf(1, 2)
	appendTo(text[:len(text)-3])
	f.expect("line 1")
	appendTo(text[len(text)-3:])
	f.expect("line 2")
	rotate(2)
	appendTo(logOf(3, 3))
	f.expect("line 3")
	appendTo(logOf(4, 4))
	first := rotate(4)
	appendTo(logOf(5, 5))
	rotate(5)
	write(t, first+".gz", logOf(3, 4))
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	appendTo(logOf(6, 6))
	f.expect("line 4", "line 5", "line 6")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	appendTo("short\n")
	f.expect("short")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	appendTo(logOf(7, 7))
	f.expect("line 7")
}

// The lines of several applications come by time, and say whose they are.
func TestReadAll(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	files := []File{{App: "a", Path: folder + "/a.log"}, {App: "b", Path: folder + "/b.log"}, {App: "c", Path: folder + "/c.log"}}
	write(t, files[0].Path, logOf(1, 2)+logOf(5, 6))
	write(t, files[1].Path, logOf(3, 4)+"which belongs to line 4\n"+logOf(7, 7))
	f := follow(t, files, Query{Lines: 3, Instance: -1})
	for _, want := range []string{"a line 2", "b line 4", "b which belongs to line 4", "a line 5", "a line 6", "b line 7"} {
		line := nodetest.Receive(t, f.lines, want)
		if got := line.App + " " + line.Text; got != want {
			t.Errorf("the line is %q, want %q", got, want)
		}
	}
	write(t, files[2].Path, logOf(8, 8))
	if line := nodetest.Receive(t, f.lines, "a line of c"); line.App != "c" || line.Text != "line 8" {
		t.Errorf("the line is %+v", line)
	}
}

// FuzzCutter cuts a text in two ways into pieces: the lines are the same, and are the text.
func FuzzCutter(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(1))
	f.Add([]byte("\xc3\xa9\n\xc3"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var got []byte
		c := cutter{emit: func(line []byte, partial bool) {
			if got = append(got, line...); !partial {
				got = append(got, '\n')
			}
		}}
		for rest := text; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			c.add(rest[:n])
			rest = rest[n:]
		}
		c.flush(true)
		if !bytes.Equal(got, text) {
			t.Errorf("%q has become %q", text, got)
		}
	})
}

// FuzzRead reads a file of anything from its end and from its beginning: the lines are the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(logOf(1, 9)), 3)
	f.Add([]byte("\n\n{\"time\":1}\n2026-11-29T12:00:01Z 0/1 out+ x"), 2)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		var forward []string
		lines := newScanner(bytes.NewReader(text))
		for {
			line, err := lines.next()
			if err != nil {
				if line = lines.rest(); line == nil {
					break
				}
			}
			forward = append(forward, string(line))
			parse(line)
		}
		var back []string
		for b := (backward{from: bytes.NewReader(text), at: int64(len(text))}); ; {
			line, offset, err := b.previous()
			if err != nil {
				break
			}
			if !bytes.HasPrefix(text[offset:], line) {
				t.Fatalf("%q is not at %d", line, offset)
			}
			back = append(back, string(line))
		}
		if slices.Reverse(back); !slices.Equal(forward, back) {
			t.Fatalf("forward %q, backward %q", forward, back)
		}
		q := Query{Instance: -1}
		from, err := q.startBackward(bytes.NewReader(text), int64(len(text)), max(n, 0))
		if want := min(max(n, 0), len(forward)); err != nil || from.matches != want {
			t.Errorf("%d lines of %d, %v", from.matches, want, err)
		}
	})
}
