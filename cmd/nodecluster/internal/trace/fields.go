package trace

import (
	"encoding/json"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// fields are those of Node's own messages by which one tells them apart.
type fields struct {
	Command  string   `json:"cmd"`
	Act      string   `json:"act"`
	Sequence *float64 `json:"seq"`
	Answered *float64 `json:"ack"`
	Inner    *fields  `json:"msg"` // of a handle's message
}

// fieldsOf reads what of a message is there of them.
func fieldsOf(f *relay.Frame, advanced bool) (found fields) {
	switch f.Kind {
	case relay.User, relay.Nothing, relay.Broken:
		return fields{}
	}
	// A message of another shape has none of them.
	if advanced {
		structuredclone.Unmarshal(f.Payload, &found)
	} else {
		json.Unmarshal(f.Payload, &found)
	}
	return found
}

// cluster is the part that is cluster's.
func (f *fields) cluster() *fields {
	if f.Inner != nil {
		f = f.Inner
	}
	if f.Command != "NODE_CLUSTER" {
		return &fields{}
	}
	return f
}

// label is what the summary counts a message as.
func (m *message) label() string {
	switch m.Kind {
	case relay.HandleMessage:
		name := "message"
		if m.fields.Inner != nil {
			name = m.fields.Inner.name()
		}
		return name + " + " + string(m.Type)
	case relay.Internal, relay.ACK, relay.NACK, relay.Socket:
		return m.fields.name()
	}
	return string(m.Kind)
}

func (f *fields) name() string {
	switch {
	case f.Command == "NODE_CLUSTER" && f.Act != "":
		return f.Act
	case f.Command == "NODE_CLUSTER":
		return "reply"
	case len(f.Command) > 5 && f.Command[:5] == "NODE_":
		return f.Command
	}
	return "message"
}
