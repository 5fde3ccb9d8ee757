package worker

// State is where a worker is in its life as the worker itself sees it, in Node's words.
type State string

const (
	// ProcessStateOnline: it has joined.
	StateOnline State = "online"
	// ProcessStateListening: a server of its listens.
	StateListening State = "listening"
	// ProcessStateDisconnecting: it is to leave, and finishes what it is at.
	StateDisconnecting State = "disconnecting"
	// ProcessStateDestroying: it leaves at once.
	StateDestroying State = "destroying"
	// ProcessStateDisconnected: the channel to the primary has ended.
	StateDisconnected State = "disconnected"
)
