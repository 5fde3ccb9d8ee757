package trace

import (
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// report is what a process says of itself before it becomes a child, on the tracer's socket, as a line of JSON. With
// it go the child's end of the channel that its parent has made, and one end of the channel that it will have. A parent that
// cannot write to the pipe of exits reports one here, and nothing else.
type report struct {
	tracing.ExitReport
	PID           int                   `json:"pid"`
	Parent        int                   `json:"parent"`
	Worker        string                `json:"worker,omitempty"` // the id of a cluster worker
	Serialization nodeipc.Serialization `json:"serialization"`
	Command       []string              `json:"command"`
}

// maxReported is how many bytes of a command line are reported.
const maxReported = 4 << 10

// setCommand shortens a command line to what is worth showing.
func (r *report) setCommand(words []string) {
	left := maxReported
	for _, word := range words {
		if len(word) > left {
			r.Command = append(r.Command, word[:left]+"…")
			return
		}
		left -= len(word)
		r.Command = append(r.Command, word)
	}
}

// missing says what the trace lacks where the report is not taken.
func (r *report) missing() string {
	if r.Exit != nil {
		return "an exit is not in the trace"
	}
	return "a channel is not traced"
}
