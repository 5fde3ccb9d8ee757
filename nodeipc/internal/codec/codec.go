// Package codec is how messages are written on Node's IPC channel, in either serialization: how bytes fall into frames, whose
// message a frame holds, and how a handle's message is wrapped.
package codec

import (
	"errors"
	"fmt"
)

// ErrProtocol is the error of what no Node process sends. Package nodeipc has it under its own name.
var ErrProtocol = errors.New("the peer broke the protocol")

// A Codec is one serialization. A payload is a frame without what delimits it. A Codec holds no state, so that one serves every
// channel.
type Codec interface {
	// Cut finds the first whole frame in buf, of which the first searched bytes are known to hold no end of a frame. size is how
	// many bytes the frame takes of buf, 0 when it is not all there. need is how long it is going to be, as far as is known.
	Cut(buf []byte, searched int) (payload []byte, size, need int)
	// DetectDialect takes off a payload what marks its dialect, and returns which dialect that is. In the payload that it returns
	// text is valid. plain reports whether that is a user's message of one string in which every byte stands for itself.
	DetectDialect(payload []byte) (unmarked []byte, d Dialect, plain bool)
	// BeginsAsUser reports whether a payload begins neither as Node and other runtimes begin the messages that are not a user's, nor in
	// another dialect than d. It looks at no more of it.
	BeginsAsUser(payload []byte, d Dialect) bool
	// Classify returns whose message a payload is, or an error for one that is no message.
	Classify(payload []byte) (Kind, error)
	// Open takes the message of a handle out of its envelope. inner is a payload, which may be within the given one.
	Open(payload []byte) (e Envelope, inner []byte, err error)
	// OpenExchange returns the parts of a request or a response that Classify has found. ok is false where it has no id, or
	// cannot be read. The parts may be within the payload.
	OpenExchange(payload []byte) (x Exchange, ok bool)
	// Raw returns a value that is written, alone or within another, as the payload is.
	Raw(payload []byte) any
	// Decode stores the value of a payload in what v points to.
	Decode(payload []byte, v any, known Known) error

	// AppendFrame appends a frame that holds a value.
	AppendFrame(dst []byte, d Dialect, v any) ([]byte, error)
	// AppendPayload appends a frame that holds a payload as it came, of whatever dialect. Classify has found it to be a message.
	AppendPayload(dst []byte, d Dialect, payload []byte) []byte
	// AppendSealed appends a frame that holds a value in the envelope e.
	AppendSealed(dst []byte, d Dialect, e Envelope, v any) ([]byte, error)
	// NewTemplate makes a template of sealed frames. It calls value with a number that stands for the one that changes, and value
	// returns the value that holds it. The number may stand nowhere else in that.
	NewTemplate(e Envelope, value func(number uint32) any) (Template, error)
}

// Known is what is known of a payload that is decoded.
type Known struct {
	// Kept: it stays as it is for ever, so that a long string may be a part of it.
	Kept bool
	// Plain is what DetectDialect has reported.
	Plain bool
}

// A Dialect is one of a serialization's ways of writing. A channel uses its peer's. The zero value is what every peer reads.
type Dialect uint8

// A Template gives frames in which only a number changes, without encoding them again.
type Template interface {
	Append(dst []byte, d Dialect, number uint32) []byte
}

// templateNumber stands for the number while a template is made.
const templateNumber = 1<<30 - 1

// Envelope is what surrounds the message of a handle.
type Envelope struct {
	Type      string `json:"type"`
	Key       string `json:"key,omitempty"`
	DgramType string `json:"dgramType,omitempty"`
}

// Kind says whose a message is.
type Kind uint8

const (
	User     Kind = iota
	Internal      // cmd begins with NODE_, and it is not one of the channel's own
	Handle
	ACK
	NACK
	Socket  // NODE_SOCKET_*: the counting of sockets
	Nothing // no message at all
	// A request, or a response to one: see Exchange.
	Request
	Response
)

const prefix = "NODE_"

// kindOf returns whose a message with that cmd is.
func kindOf(command string) Kind {
	switch {
	case command == RequestCommand:
		return Request
	case command == ResponseCommand:
		return Response
	case len(command) <= len(prefix) || command[:len(prefix)] != prefix:
		return User
	case command == "NODE_HANDLE":
		return Handle
	case command == "NODE_HANDLE_ACK":
		return ACK
	case command == "NODE_HANDLE_NACK":
		return NACK
	case command == "NODE_SOCKET_NOTIFY_CLOSE", command == "NODE_SOCKET_ALL_CLOSED",
		command == "NODE_SOCKET_GET_COUNT", command == "NODE_SOCKET_COUNT":
		return Socket
	}
	return Internal
}

// Excerpt quotes the beginning of bytes for an error.
func Excerpt(b []byte) string {
	const most = 60
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}
