//go:build unix

package logs

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/dayjs"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// A Writer keeps what the workers of one application print. Make one with [Open]. Its methods may be called from any goroutine.
type Writer struct {
	loop    *eventloop.Loop
	reading reading
	outlets map[string][]*sink // where the lines of each stream go
	sinks   []*sink
	own     *sink // of Options.Path or the journal, nil if there is none

	mu      sync.Mutex
	last    map[int]*Output // of each instance, the last one that has printed to standard error, or the last one
	outputs map[int]*Output // by the ids of workers, until Forget
	closed  bool
}

// Open opens a log. It fails where the options make no sense and where a file cannot be opened. The caller must call [Writer.Close].
func Open(o Options) (*Writer, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	w := &Writer{outlets: map[string][]*sink{}, last: map[int]*Output{}, outputs: map[int]*Output{}}
	err := w.openSinks(o)
	if err == nil {
		if w.loop, err = eventloop.NewBatch(); err != nil {
			err = fmt.Errorf("the thread that reads what workers print: %w", err)
		}
	}
	if err != nil {
		w.endSinks()
		return nil, err
	}
	return w, nil
}

func (w *Writer) openSinks(o Options) error {
	switch o.Kind {
	case Journal:
		w.own = w.addSink(newJournal(o.Identifier), textFormat{}, streamOut, streamErr)
	case Text, JSON:
		if err := w.openOwn(o); err != nil {
			return err
		}
	}
	files := map[string]*sink{}
	for _, f := range []struct {
		path    string
		streams []string
	}{{o.OutFile, []string{streamOut}}, {o.ErrorFile, []string{streamErr}}, {o.LogFile, []string{streamOut, streamErr}}} {
		if f.path == "" {
			continue
		}
		s := files[f.path]
		if s == nil {
			t, err := openFile(f.path, o)
			if err != nil {
				return err
			}
			s = w.addSink(t, o.copyFormat())
			files[f.path] = s
		}
		w.connect(s, f.streams...)
	}
	return nil
}

func (w *Writer) openOwn(o Options) error {
	t, err := openFile(o.Path, o)
	if err != nil {
		return err
	}
	f := format(textFormat{})
	if o.Kind == JSON {
		f = jsonFormat{}
	}
	w.own = w.addSink(t, f, streamOut, streamErr)
	return nil
}

// copyFormat is that of PM2's files.
func (o *Options) copyFormat() format {
	if o.Kind == JSON {
		return jsonFormat{}
	}
	layout := o.DateFormat
	if layout == "" && o.Time {
		layout = pm2TimeFormat
	}
	return rawFormat{dayjs.Parse(layout)}
}

func (w *Writer) addSink(t target, f format, streams ...string) *sink {
	s := newSink(t, f)
	w.sinks = append(w.sinks, s)
	w.connect(s, streams...)
	return s
}

// connect has a sink get the lines of streams, of each once.
func (w *Writer) connect(s *sink, streams ...string) {
	for _, name := range streams {
		if !slices.Contains(w.outlets[name], s) {
			w.outlets[name] = append(w.outlets[name], s)
		}
	}
}

// Output makes pipes for the next worker of an instance: it is Options.Outputs of package pool. It fails where the system has no
// descriptors left, and once the log is closed.
func (w *Writer) Output(instance int) (pool.Output, error) { return w.output(instance) }

// EggOutput is Output for the next process in a place of an Egg application: it is Settings.Outputs of package egg.
func (w *Writer) EggOutput(place int) (egg.Output, error) { return w.output(place) }

func (w *Writer) output(instance int) (*Output, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errors.New("the log is closed")
	}
	o, err := newOutput(w, instance)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// LastLines are the last lines, 20 at most and without empty ones, that an instance has printed to standard error: its last worker that
// has printed any.
func (w *Writer) LastLines(instance int) []string {
	w.readNow()
	w.mu.Lock()
	o := w.last[instance]
	w.mu.Unlock()
	if o == nil {
		return nil
	}
	return o.kept()
}

// forked has what a worker prints read.
func (w *Writer) forked(o *Output) {
	w.mu.Lock()
	if before := w.last[o.instance]; before == nil || before.isMute() {
		w.last[o.instance] = o
	}
	w.outputs[o.worker] = o
	w.mu.Unlock()
	if w.loop.Call(func() { w.reading.begin(w.loop, o) }) != nil {
		o.closePipes()
	}
}

// hasPrinted is for an output that is not mute any more.
func (w *Writer) hasPrinted(o *Output) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.last[o.instance]; before == nil || before.worker <= o.worker {
		w.last[o.instance] = o
	}
}

// Counts are how many lines have been written, to the application's own file or journal, and how many had no room in any of the files. It
// waits for nothing.
func (w *Writer) Counts() (written, dropped uint64) {
	if w.own != nil {
		written = w.own.written.Load()
	}
	for _, s := range w.sinks {
		dropped += s.lost.Load() + s.waitingDropped()
	}
	return written, dropped
}

// Reopen opens what is at the paths of the files by now, for programs that rotate them. It waits for a file that does not answer for 2 s.
func (w *Writer) Reopen() error { return w.each(target.reopen) }

// Flush empties the files and removes those that were rotated. It waits as Reopen does.
func (w *Writer) Flush() error { return w.each(target.flush) }

func (w *Writer) each(f func(target) error) error {
	w.readNow()
	return w.eachSink(func(s *sink) error { return s.do(func() error { return f(s.target) }) })
}

func (w *Writer) eachSink(f func(*sink) error) error {
	errs := make([]error, len(w.sinks))
	var all sync.WaitGroup
	for i, s := range w.sinks {
		all.Go(func() { errs[i] = f(s) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// readNow reads what workers have printed up to now.
func (w *Writer) readNow() { w.loop.Call(w.reading.all) }

// Close reads what workers have printed up to now, writes it and closes all. A worker that goes on gets an error when it prints. Close waits
// for a file that does not answer for a few seconds, and its error says how much of the log is lost. It may be called twice.
func (w *Writer) Close() error {
	w.mu.Lock()
	wasClosed := w.closed
	w.closed = true
	w.mu.Unlock()
	if wasClosed {
		return nil
	}
	w.loop.Call(w.reading.end)
	w.loop.Close()
	return w.endSinks()
}

func (w *Writer) endSinks() error { return w.eachSink((*sink).end) }
