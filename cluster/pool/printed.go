package pool

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
)

const (
	maxPrinted      = 8 << 10 // how many bytes are kept of what a successor prints
	maxPrintedLines = 20      // how many lines of that an error carries
	maxToldLines    = 4       // how many its text has
)

// printed copies what a successor prints, and keeps the end of it while the successor is tried.
type printed struct {
	to io.Writer

	mu     sync.Mutex
	end    []byte
	closed bool // nothing is kept any more
}

// keepPrinted has the end of what a worker with these settings prints to standard error kept, if that is a writer that the caller has given
// for it: what has a file the pool does not see. It returns nil then.
func keepPrinted(s *cluster.Settings) *printed {
	if s.Silent || s.Stderr == nil || isFile(s.Stderr) {
		return nil
	}
	p := &printed{to: s.Stderr}
	if isSameWriter(s.Stdout, s.Stderr) { // they stay in order
		s.Stdout = p
	}
	s.Stderr = p
	return p
}

// Write is called on one goroutine of each worker.
func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	if !p.closed {
		p.end = append(p.end, b[max(0, len(b)-maxPrinted):]...)
		p.end = slices.Delete(p.end, 0, max(0, len(p.end)-maxPrinted))
	}
	p.mu.Unlock()
	return p.to.Write(b)
}

// close has nothing kept any more.
func (p *printed) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end, p.closed = nil, true
}

// lines are the last lines that were printed, without empty ones.
func (p *printed) lines() (lines []string) {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range bytes.Lines(p.end) {
		if text := strings.TrimRight(string(line), " \t\r\n"); text != "" {
			lines = append(lines, text)
		}
	}
	return lines[max(0, len(lines)-maxPrintedLines):]
}

// ofNode are the lines that Node prints with each error that nobody has caught: the frames, and its version.
var ofNode = regexp.MustCompile(`^\s+at |^\s*\^+$|^Node\.js v`)

// telling are those of a few lines that say why a program has ended, as one.
func telling(lines []string) string {
	lines = slices.DeleteFunc(slices.Clone(lines), ofNode.MatchString)
	return strings.Join(lines[max(0, len(lines)-maxToldLines):], " | ")
}

func isFile(w io.Writer) bool {
	_, is := w.(*os.File)
	return is
}

// isSameWriter reports whether both are the same, as os/exec does: it gives a worker one pipe for both then.
func isSameWriter(a, b io.Writer) (same bool) {
	defer func() { recover() }() // of types that cannot be compared
	return a == b
}
