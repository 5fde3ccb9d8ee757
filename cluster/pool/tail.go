package pool

import (
	"bytes"
	"slices"
	"strings"
)

const (
	maxTail      = 8 << 10 // how many bytes a tail keeps
	maxTailLines = 20      // how many lines of them it gives
)

// A Tail keeps the end of what a worker prints: 8 KiB. It is for what implements [Output]. The zero value is empty. Its methods may not be
// called from several goroutines at once.
type Tail struct{ end []byte }

// Add adds what the worker has printed next. It does not keep b.
func (t *Tail) Add(b []byte) {
	b = b[max(0, len(b)-maxTail):]
	t.end = slices.Delete(t.end, 0, max(0, len(t.end)+len(b)-maxTail))
	t.end = append(t.end, b...)
}

// IsEmpty reports whether nothing was printed.
func (t *Tail) IsEmpty() bool { return len(t.end) == 0 }

// Lines are the last lines, 20 at most, without empty ones and without what is white at their ends.
func (t *Tail) Lines() (lines []string) {
	for line := range bytes.Lines(t.end) {
		if text := strings.TrimRight(string(line), " \t\r\n"); text != "" {
			lines = append(lines, text)
		}
	}
	return lines[max(0, len(lines)-maxTailLines):]
}
