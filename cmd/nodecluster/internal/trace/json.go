package trace

import (
	"encoding/json"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// jsonFormat is for programs: an object a line.
type jsonFormat struct{}

// event is what the line of any event says, after its time.
type event struct {
	Event         string                `json:"event"` // fork, message, end, exit or note
	Channel       int                   `json:"channel,omitempty"`
	PID           int                   `json:"pid,omitempty"`
	Worker        string                `json:"worker,omitempty"`
	Parent        int                   `json:"parent,omitempty"`
	Serialization nodeipc.Serialization `json:"serialization,omitempty"`
	Command       []string              `json:"command,omitempty"`

	Direction string          `json:"direction,omitempty"`
	Bytes     int             `json:"bytes,omitempty"`
	Kind      relay.Kind      `json:"kind,omitempty"`
	Message   json.RawMessage `json:"message,omitempty"`
	Text      string          `json:"text,omitempty"`
	Truncated bool            `json:"truncated,omitempty"`
	Type      string          `json:"type,omitempty"`
	Handles   []jsonHandle    `json:"handles,omitempty"`
	LatencyMS float64         `json:"latencyMs,omitempty"`
	Partial   int             `json:"partial,omitempty"`
	Error     string          `json:"error,omitempty"`
	Code      *int            `json:"code,omitempty"`
	Signal    string          `json:"signal,omitempty"`
	Note      string          `json:"note,omitempty"`
}

type jsonHandle struct {
	FD        int    `json:"fd"`
	Network   string `json:"network,omitempty"`
	Local     string `json:"local,omitempty"`
	Remote    string `json:"remote,omitempty"`
	Listening bool   `json:"listening,omitempty"`
	Inode     uint64 `json:"inode"`
}

func (jsonFormat) stamp(line []byte, at time.Time) []byte {
	return at.AppendFormat(append(line, `{"time":"`...), `2006-01-02T15:04:05.000000Z07:00"`)
}

// line continues after the stamp.
func (e *event) line() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		b, _ = json.Marshal(&event{Event: e.Event, Channel: e.Channel, PID: e.PID, Error: err.Error()})
	}
	b[0] = ','
	return append(b, '\n')
}

func (c *channel) event(name string) *event {
	return &event{Event: name, Channel: c.number, PID: c.report.PID, Worker: c.report.Worker}
}

func (jsonFormat) started(c *channel) []byte {
	e := c.event("fork")
	e.Parent, e.Serialization, e.Command = c.report.Parent, c.report.Serialization, c.report.Command
	return e.line()
}

func (jsonFormat) message(c *channel, m *message) []byte {
	e := c.event("message")
	e.Direction, e.Bytes, e.Kind, e.Type, e.Truncated = m.Direction.String(), m.Size, m.Kind, string(m.Type), m.Truncated
	e.LatencyMS = float64(m.latency) / float64(time.Millisecond)
	for _, h := range m.Handles {
		e.Handles = append(e.Handles, jsonHandle(h))
	}
	if m.Err != nil {
		e.Error = m.Err.Error()
		return e.line()
	}
	if e.Message = asJSON(m.Frame, c.advanced()); e.Message == nil {
		e.Text = inspect(m.Frame, c.advanced())
	}
	return e.line()
}

// asJSON is a message as JSON, if that can say all of it.
func asJSON(f *relay.Frame, advanced bool) (message json.RawMessage) {
	switch {
	case f.Truncated || f.Kind == relay.Nothing:
		return nil
	case !advanced:
		return f.Payload
	case structuredclone.Unmarshal(f.Payload, &message) != nil:
		return nil
	}
	return message
}

func (jsonFormat) ended(c *channel, e *ending) []byte {
	line := c.event("end")
	line.Direction, line.Partial = e.Direction.String(), e.Partial
	if e.Err != nil {
		line.Error = e.Err.Error()
	}
	return line.line()
}

func (jsonFormat) exited(c *channel, e tracing.Exit) []byte {
	line := c.event("exit")
	if line.Signal = e.Signal; e.Signal == "" {
		line.Code = &e.Code
	}
	return line.line()
}

func (jsonFormat) note(text string) []byte { return (&event{Event: "note", Note: text}).line() }
