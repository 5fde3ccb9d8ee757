package pool

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
)

const maxToldLines = 4 // of the last lines that a new worker has printed, how many the text of an error has

// printed copies what a successor prints, and keeps the end of it while the successor is tried.
type printed struct {
	to io.Writer

	mu     sync.Mutex
	tail   Tail
	closed bool // nothing is kept any more
}

// keepPrinted has the end of what a worker with these settings prints to standard error kept, if that is a writer that the caller has given
// for it: what has a file the pool does not see. It returns nil then, and where the options have something that keeps it.
func (p *Pool) keepPrinted(s *cluster.Settings) *printed {
	if p.options.Outputs != nil || s.Silent || s.Stderr == nil || isFile(s.Stderr) {
		return nil
	}
	kept := &printed{to: s.Stderr}
	if isSameWriter(s.Stdout, s.Stderr) { // they stay in order
		s.Stdout = kept
	}
	s.Stderr = kept
	return kept
}

// Write is called on one goroutine of each worker.
func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	if !p.closed {
		p.tail.Add(b)
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
	p.tail, p.closed = Tail{}, true
}

// lines are the last lines that were printed, without empty ones.
func (p *printed) lines() []string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tail.Lines()
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
