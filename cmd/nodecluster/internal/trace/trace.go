// Package trace runs a program and shows what crosses the channels between it and the children that it forks.
//
// A preload, which Node runs in each process before the program, has a child with a channel started by way of this
// program (Exec). That sends the child's end of the channel to the tracer, takes one to the tracer for it, and
// becomes the child: same process, same streams, same signals, same exit status. All relays run in the tracer.
package trace

import "io"

// Options says what to trace and how to show it.
type Options struct {
	// Command is the program with its arguments.
	Command []string
	// Out takes the trace.
	Out io.Writer
	// JSON asks for an object a line rather than text.
	JSON bool
	// Color has text in the colours of a terminal.
	Color bool
	// Summary asks for a table at the end, written to Out as well.
	Summary bool
	// Waiting is called when the program has ended and processes that it has started have not.
	Waiting func()
	// Untraced is called with the reason when there was no channel to trace.
	Untraced func(reason string)
}

func (o *Options) format() format {
	if o.JSON {
		return jsonFormat{}
	}
	return textFormat{color: o.Color}
}

// StartError is that of a program which could not be started.
type StartError struct{ Err error }

func (e StartError) Error() string { return e.Err.Error() }

// Unwrap gives what the system said.
func (e StartError) Unwrap() error { return e.Err }
