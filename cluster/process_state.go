package cluster

// ProcessState is where a worker is in its life as the worker itself sees it, in Node's words.
type ProcessState string

const (
	// ProcessStateOnline: it has joined.
	ProcessStateOnline ProcessState = "online"
	// ProcessStateListening: a server of its listens.
	ProcessStateListening ProcessState = "listening"
	// ProcessStateDisconnecting: it is to leave, and finishes what it is at.
	ProcessStateDisconnecting ProcessState = "disconnecting"
	// ProcessStateDestroying: it leaves at once.
	ProcessStateDestroying ProcessState = "destroying"
	// ProcessStateDisconnected: the channel to the primary has ended.
	ProcessStateDisconnected ProcessState = "disconnected"
)
