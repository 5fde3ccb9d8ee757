package wire

import "encoding/json"

// FromWorker is any message of a worker.
type FromWorker struct {
	Command  string          `json:"cmd"`
	Act      string          `json:"act"`
	Ack      *uint32         `json:"ack"`
	Accepted bool            `json:"accepted"`
	Seq      json.RawMessage `json:"seq"`
	Key      string          `json:"key"`
	Server
	// Frame is the message as it came, where it may have to be passed on.
	Frame []byte `json:"-"`
}

// ServerMessage is queryServer or listening.
type ServerMessage struct {
	Command string `json:"cmd"`
	Act     string `json:"act"`
	Server
	Seq uint32 `json:"seq"`
}

// WorkerMessage is any other message of a worker. Its answer to newconn, which [ReadAnswer] reads, comes for every
// connection.
type WorkerMessage struct {
	Command  string          `json:"cmd"`
	Act      string          `json:"act,omitempty"`
	Key      string          `json:"key,omitempty"`
	Ack      json.RawMessage `json:"ack,omitempty"`
	Accepted *bool           `json:"accepted,omitempty"`
	Seq      uint32          `json:"seq"`
}

// Numbered is a message of a worker, which gets its number as it is sent.
type Numbered interface{ Number(seq uint32) }

// Number completes the message.
func (m *ServerMessage) Number(seq uint32) { m.Command, m.Seq = Command, seq }

// Number completes the message.
func (m *WorkerMessage) Number(seq uint32) { m.Command, m.Seq = Command, seq }
