package worker

// State is where a worker is in its life as the worker itself sees it, in Node's words.
type State string

const (
	// StateOnline: it has joined.
	StateOnline State = "online"
	// StateListening: a server of its listens.
	StateListening State = "listening"
	// StateDisconnecting: it is to leave, and finishes what it is at.
	StateDisconnecting State = "disconnecting"
	// StateDestroying: it leaves at once.
	StateDestroying State = "destroying"
	// StateDisconnected: the channel to the primary has ended.
	StateDisconnected State = "disconnected"
)
