package routes

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// The types of messages of version 0.2 that version 0.3 does not have, which have a worker's id as their data, and those of answers. From 4
// on, they are one more than those of version 0.3.
const (
	oldWorkerInit             = 1
	oldWorkerPing             = 2
	oldWorkerExit             = 3
	oldFetchSocketsResponse   = 9
	oldServerSideEmitResponse = 11
)

// takeOld takes a message of version 0.2.
func (s *socketIO) takeOld(r *pool.Router, from *cluster.Worker, m nodeipc.Message, message adapterMessage) {
	s.old[from] = true
	kind, data := message.kind, message.data
	switch kind {
	case oldWorkerInit, oldWorkerPing:
		if data.number() != from.ID() {
			return
		}
	case oldWorkerExit:
		return // only a primary says that
	default:
		if !isWhole(kind-1, data) {
			return
		}
	}
	if kind == oldFetchSocketsResponse || kind == oldServerSideEmitResponse {
		asker := data.get("workerId").number()
		for w := range s.old {
			if w.ID() == asker {
				r.Tell(w, m)
			}
		}
		return
	}
	s.tellOld(r, m, from)
}

// tellOld tells all workers that use version 0.2 but one.
func (s *socketIO) tellOld(r *pool.Router, message any, except *cluster.Worker) {
	for w := range s.old {
		if w != except {
			r.Tell(w, message)
		}
	}
}

// exited is what the primary says of a worker that has ended.
type exited struct {
	Source string `json:"source"`
	Type   int    `json:"type"`
	Data   int    `json:"data"`
}

func (s *socketIO) leaveOld(r *pool.Router, w *cluster.Worker) {
	if s.old[w] {
		delete(s.old, w)
		s.tellOld(r, exited{adapterSource, oldWorkerExit, w.ID()}, w)
	}
}
