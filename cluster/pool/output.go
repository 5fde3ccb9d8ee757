package pool

import (
	"fmt"
	"io"

	"github.com/nodecluster/nodecluster/cluster"
)

// An Output takes what one worker prints: see [Options.Outputs].
type Output interface {
	// Streams are the worker's standard output and standard error, as Stdout and Stderr of [cluster.Settings] have them. It is called once,
	// before the worker is started.
	Streams() (stdout, stderr io.Writer)
	// Forked is called once, when the worker has been started: files among the streams may be closed then. It is called with nil if the
	// worker could not be started.
	Forked(w *cluster.Worker)
	// LastLines are the last lines that the worker has printed to standard error up to now, 20 at most, without empty ones. They are for
	// [InstanceError]. It may be called when the worker has ended, and must not wait for anything that a worker does.
	LastLines() []string
}

// connectOutput gives settings what the options have for the next worker in a place. It is nil if they have nothing.
func (p *Pool) connectOutput(place *place, settings *cluster.Settings) (Output, error) {
	if p.options.Outputs == nil || settings.Silent {
		return nil, nil
	}
	out, err := p.options.Outputs(place.number)
	if err != nil {
		return nil, fmt.Errorf("pool: what takes the output of instance %d: %w", place.number, err)
	}
	settings.Stdout, settings.Stderr = out.Streams()
	return out, nil
}
