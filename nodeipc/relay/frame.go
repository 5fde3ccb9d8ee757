package relay

import (
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// Direction is the way that a frame goes.
type Direction uint8

const (
	// ToChild is from the parent to the child.
	ToChild Direction = iota
	// FromChild is from the child to the parent.
	FromChild
)

// String is "to child" or "from child".
func (d Direction) String() string {
	if d == ToChild {
		return "to child"
	}
	return "from child"
}

func (d Direction) opposite() Direction { return 1 - d }

// Kind says whose message a frame holds.
type Kind string

const (
	// User is a message of the program's own.
	User Kind = "message"
	// Internal is a message whose cmd begins with NODE_: cluster's, for one.
	Internal Kind = "internal"
	// HandleMessage is the NODE_HANDLE around a message that a handle goes with.
	HandleMessage Kind = "handle"
	// ACK says that a handle has arrived.
	ACK Kind = "ack"
	// NACK says that a handle's message came without it.
	NACK Kind = "nack"
	// Socket is one of the NODE_SOCKET_ messages by which Node counts sockets that it gave away.
	Socket Kind = "socket"
	// Nothing is an empty frame.
	Nothing Kind = "nothing"
	// Broken is not a message at all.
	Broken Kind = "broken"
)

// Frame is a message as it is on the channel.
type Frame struct {
	Direction Direction
	// Time is when its last bytes were read here, before they were passed on.
	Time time.Time
	// Size is how many bytes it has on the channel, what delimits it among them.
	Size int
	// Payload is the frame without what delimits it, valid until HandleFrame returns.
	Payload []byte
	// Truncated says that Payload is only the beginning of a frame longer than Options.MaxPayload. Its kind is then
	// what its beginning says.
	Truncated bool
	Kind      Kind
	// Type is that of a HandleMessage.
	Type handlewrap.Type
	// Handles are the descriptors that go with the frame, valid until HandleFrame returns.
	Handles []Handle
	// Latency is, of an ACK or NACK, the time since the handle's message that it answers; 0 if there is none.
	Latency time.Duration
	// Err says what is wrong with a Broken frame.
	Err error
}

// End is that of one direction.
type End struct {
	Direction Direction
	Time      time.Time
	// Partial is how many bytes came of a frame whose rest did not. They were passed on too.
	Partial int
	// Err is what ended the direction: nil where its sender closed the channel, nodeipc.ErrDisconnected where its
	// receiver did or the relay was closed, and else what the system said.
	Err error
}

// An Observer is told what passes. Its methods are called on a goroutine for each direction, two at once, and as
// long as they take nothing passes in that direction.
type Observer interface {
	// HandleFrame is told of each frame before its last byte is passed on. The frame is not the observer's.
	HandleFrame(*Frame)
	// HandleEnd is the last call of a direction.
	HandleEnd(End)
}
