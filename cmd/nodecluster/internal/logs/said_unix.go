//go:build unix

package logs

import (
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Say adds what a worker says by other means than printing, as lines of its own of one of its streams, which stay together. It never waits:
// lines for which there is no room are dropped and counted.
func (w *Writer) Say(worker *cluster.Worker, stderr bool, text string) {
	from := source{worker: worker.ID(), stream: streamOut}
	o := w.outputOf(worker.ID())
	if o != nil {
		from.instance = o.instance
	}
	if stderr {
		from.stream = streamErr
		if o != nil {
			o.keep([]byte(text + "\n"))
		}
	}
	w.say(from, text)
}

// SayAs adds what is said in the name of an instance, and not by a worker: see [Writer.Say].
func (w *Writer) SayAs(instance int, stderr bool, text string) {
	from := source{instance: instance, stream: streamOut}
	if stderr {
		from.stream = streamErr
	}
	w.say(from, text)
}

func (w *Writer) say(from source, text string) {
	now := time.Now()
	for _, to := range w.outlets[from.stream] {
		to.say(now, from, text)
	}
}

// outputOf is the output of a worker, nil if it has none.
func (w *Writer) outputOf(worker int) *Output {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outputs[worker]
}

// Forget is for a worker that says nothing more.
func (w *Writer) Forget(worker *cluster.Worker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.outputs, worker.ID())
}
