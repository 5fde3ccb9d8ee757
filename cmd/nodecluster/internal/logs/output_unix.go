//go:build unix

package logs

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// Output is the pipes of one worker.
type Output struct {
	writer   *Writer
	instance int
	worker   int
	theirs   [2]*os.File
	streams  [2]*stream

	mu   sync.Mutex
	tail pool.Tail // of standard error
}

var (
	_ pool.Output = (*Output)(nil)
	_ egg.Output  = (*Output)(nil)
)

func newOutput(w *Writer, instance int) (*Output, error) {
	o := &Output{writer: w, instance: instance}
	for i, name := range []string{streamOut, streamErr} {
		ours, theirs, err := newPipe()
		if err != nil {
			o.closePipes()
			return nil, fmt.Errorf("a pipe for what a worker prints: %w", err)
		}
		s := &stream{output: o, fd: ours, source: source{instance: instance, stream: name}, outlets: w.outlets[name]}
		s.before = make([][]byte, len(s.outlets))
		s.cutter.emit = s.add
		o.theirs[i], o.streams[i] = theirs, s
	}
	return o, nil
}

// Streams are the worker's ends of the pipes.
func (o *Output) Streams() (stdout, stderr io.Writer) { return o.theirs[0], o.theirs[1] }

// Forked begins to read what the worker prints, or closes the pipes if there is none.
func (o *Output) Forked(worker *cluster.Worker) {
	if worker == nil {
		o.closePipes()
		return
	}
	o.begin(worker.ID())
}

// Started begins to read what a process prints. Failed closes the pipes, because there is none.
func (o *Output) Started(worker int) { o.begin(worker) }

// Failed is said at Started.
func (o *Output) Failed() { o.closePipes() }

func (o *Output) begin(worker int) {
	o.worker = worker
	o.closeTheirs()
	o.writer.forked(o)
}

// LastLines reads what the worker has printed up to now, and gives the last lines of its standard error.
func (o *Output) LastLines() []string {
	o.writer.loop.Call(func() {
		for _, s := range o.streams {
			s.drain()
		}
	})
	return o.kept()
}

// kept are the last lines of what has been read.
func (o *Output) kept() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tail.Lines()
}

// keep keeps the end of what the worker has printed to standard error.
func (o *Output) keep(b []byte) {
	o.mu.Lock()
	isFirst := o.tail.IsEmpty()
	o.tail.Add(b)
	o.mu.Unlock()
	if isFirst {
		o.writer.hasPrinted(o)
	}
}

// isMute reports whether the worker has printed nothing to standard error.
func (o *Output) isMute() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tail.IsEmpty()
}

func (o *Output) closeTheirs() {
	for i, f := range o.theirs {
		if f != nil {
			f.Close()
			o.theirs[i] = nil
		}
	}
}

// closePipes closes pipes that nothing reads.
func (o *Output) closePipes() {
	o.closeTheirs()
	for _, s := range o.streams {
		if s != nil {
			s.close()
		}
	}
}
