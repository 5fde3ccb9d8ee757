package logs

import (
	"bytes"
	"io"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// maxTogether is how many bytes of lines are written at once where workers print to the same pipe: no pipe puts anything between so many.
const maxTogether = 4 << 10

// A Printer prints what workers say by other means than printing, where what they print passes through. Make one with [NewPrinter]. Its methods
// may be called from any goroutine.
type Printer struct{ out, err *sink }

// NewPrinter makes a printer to the standard output and the standard error that the workers have. The caller must call [Printer.Close].
func NewPrinter(stdout, stderr io.Writer) *Printer {
	return &Printer{newSink(printed{stdout}, rawFormat{}), newSink(printed{stderr}, rawFormat{})}
}

// Say prints lines of a worker, which stay together. It never waits: lines for which there is no room are dropped and counted.
func (p *Printer) Say(worker *cluster.Worker, stderr bool, text string) {
	to := p.out
	if stderr {
		to = p.err
	}
	to.say(time.Now(), source{worker: worker.ID()}, text)
}

// Forget does nothing: a printer knows nothing of workers.
func (p *Printer) Forget(*cluster.Worker) {}

// Close waits until all is printed, but not long.
func (p *Printer) Close() error {
	err := p.out.end()
	if other := p.err.end(); err == nil {
		err = other
	}
	return err
}

// say adds the lines of a text.
func (s *sink) say(now time.Time, from source, text string) {
	before := s.format.before(nil, now, from)
	s.mu.Lock()
	said(text, func(line []byte, partial bool) { s.add(before, line, partial) })
	s.mu.Unlock()
	s.notify()
}

// printed is a target that others write to as well.
type printed struct{ io.Writer }

func (p printed) write(lines []byte) (written int, err error) {
	for written < len(lines) {
		n, err := p.Write(together(lines[written:]))
		if written += n; err != nil {
			return bytes.LastIndexByte(lines[:written], '\n') + 1, err
		}
	}
	return written, nil
}

// together are the first lines that are written at once: one, or more that are short.
func together(lines []byte) []byte {
	if len(lines) <= maxTogether {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:maxTogether], '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines[:bytes.IndexByte(lines, '\n')+1]
}

func (printed) reopen() error { return nil }
func (printed) flush() error  { return nil }
func (printed) interrupt()    {}
func (printed) close() error  { return nil }
