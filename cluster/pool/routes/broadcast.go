package routes

import (
	"bytes"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// broadcastCommand is the cmd of a message that goes to all other workers.
const broadcastCommand = "nodecluster:broadcast"

type broadcast struct{}

// Broadcast is the route of messages {cmd: 'nodecluster:broadcast', …}, which go to all other workers as they are. It is for programs that
// have no library for that.
func Broadcast() pool.Relay { return broadcast{} }

// IsRelay is that of [pool.Relay].
func (broadcast) IsRelay() {}

func (broadcast) Name() string { return broadcastCommand }

func (broadcast) Matches(m nodeipc.Message) bool {
	if !bytes.Contains(m.Payload(), []byte(broadcastCommand)) {
		return false
	}
	if isClone(m) {
		command, _ := structuredclone.Lookup(m.Payload(), "cmd")
		return command == broadcastCommand
	}
	return valueOf(m).get("cmd").text() == broadcastCommand
}

func (broadcast) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	r.Broadcast(m, from)
}

func (broadcast) Leave(*pool.Router, *cluster.Worker) {}
