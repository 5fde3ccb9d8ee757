package routes

import (
	"bytes"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// adapterSource is the source of every message of the adapter.
const adapterSource = "_sio_adapter"

// The types of messages of version 0.3, but for heartbeats, which are 1 and 2.
const (
	broadcastPacket        = 3
	socketsJoin            = 4
	socketsLeave           = 5
	disconnectSockets      = 6
	fetchSockets           = 7
	fetchSocketsResponse   = 8
	serverSideEmit         = 9
	serverSideEmitResponse = 10
	broadcastClientCount   = 11
	broadcastAck           = 12
	adapterClose           = 13
)

type socketIO struct {
	adapters adapters // of version 0.3
	// old are the workers that use version 0.2, which names them by their ids.
	old map[*cluster.Worker]bool
}

// SocketIO is the route of @socket.io/cluster-adapter, in place of the package's setupPrimary: what a worker publishes goes to all
// others that have an adapter, and an answer to the one that has asked. Version 0.3 and those before it are told apart by their messages.
//
// When a worker ends, its adapters are closed at once in its name, so that fetchSockets and serverSideEmit do not wait for its answers.
// The package leaves that to the heartbeats of version 0.3, which takes some ten seconds. A worker is not heard that speaks in the name of another one,
// that has more than some 10,000 adapters, one for each namespace, or whose message would have the adapter in another worker throw. Packets
// with binary parts need the serialization advanced.
//
// A route is for one pool.
func SocketIO() pool.Relay {
	return &socketIO{adapters: newAdapters(), old: map[*cluster.Worker]bool{}}
}

// IsRelay is that of [pool.Relay].
func (*socketIO) IsRelay() {}

func (*socketIO) Name() string { return "@socket.io/cluster-adapter" }

func (*socketIO) Matches(m nodeipc.Message) bool {
	if !bytes.Contains(m.Payload(), []byte(adapterSource)) {
		return false
	}
	if !isClone(m) {
		return valueOf(m).get("source").text() == adapterSource
	}
	// That does not make values of the data, which may be much.
	var message struct {
		Source string `json:"source"`
	}
	return m.Decode(&message) == nil && message.Source == adapterSource
}

func (s *socketIO) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	message := adapterMessageOf(m)
	switch {
	case message.kind < 0:
	case message.isOld:
		s.takeOld(r, from, m, message)
	default:
		s.takeNew(r, from, m, message)
	}
}

// takeNew takes a message of version 0.3.
func (s *socketIO) takeNew(r *pool.Router, from *cluster.Worker, m nodeipc.Message, message adapterMessage) {
	if !s.adapters.use(from, message.uid, message.namespace) || !isWhole(message.kind, message.data) {
		return
	}
	switch message.kind {
	case fetchSocketsResponse, serverSideEmitResponse:
		if asker := s.adapters.owners[message.requester]; asker != nil {
			r.Tell(asker, m)
		}
		return
	case adapterClose:
		s.adapters.forget(from, message.uid)
	}
	s.tellNew(r, m, from)
}

// tellNew tells all workers that use version 0.3 but one.
func (s *socketIO) tellNew(r *pool.Router, message any, except *cluster.Worker) {
	for w := range s.adapters.of {
		if w != except {
			r.Tell(w, message)
		}
	}
}

// closed is what an adapter of version 0.3 says at its end.
type closed struct {
	Source    string `json:"source"`
	Type      int    `json:"type"`
	UID       string `json:"uid"`
	Namespace string `json:"nsp"`
}

func (s *socketIO) Leave(r *pool.Router, w *cluster.Worker) {
	for uid, namespace := range s.adapters.leave(w) {
		s.tellNew(r, closed{adapterSource, adapterClose, uid, namespace}, w)
	}
	s.leaveOld(r, w)
}
