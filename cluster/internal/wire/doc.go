// Package wire is what the primary of a cluster and its workers say to each other: the NODE_CLUSTER messages of Node's
// protocol, in both directions. Types that begin with From are what an end decodes; the others are what an end sends.
package wire

// Command is the cmd of every message of a cluster.
const Command = "NODE_CLUSTER"

// What a message is about, in its field act. An answer has none.
const (
	ActOnline                = "online"
	ActQueryServer           = "queryServer"
	ActListening             = "listening"
	ActClose                 = "close"
	ActExitedAfterDisconnect = "exitedAfterDisconnect"
	ActNewConnection         = "newconn"
	ActDisconnect            = "disconnect"
)

// MaxSeq is the number of a message after which the numbers of a primary begin again: what a small integer of V8 holds.
const MaxSeq = 1<<30 - 2
