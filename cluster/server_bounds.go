package cluster

import (
	"bytes"
	"fmt"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Bounds on the servers of a worker. It may have maxServers, or as many as half of the descriptors that the process may have, if that
// is less. The last descriptors are for connections and for further workers: no socket is opened for a worker that has more than
// fewServers when only a part of reservedShare, or maxReserved, is left.
const (
	maxServers    = 4096
	fewServers    = 16
	reservedShare = 8
	maxReserved   = 256
)

// Bounds on what a worker says of its servers, in bytes. The longest thing in a name is a path of 108 bytes or a host name of 255. Node
// puts TLS ticket keys into the data, 96 digits in an object. Data that are nested too deep cannot be sent, which would end the channel
// of each further worker.
const (
	maxMessage   = 128 << 10 // of the cluster's protocol
	maxName      = 4 << 10   // all but the data
	maxData      = 64 << 10
	maxDataDepth = 100
	maxKept      = 4 << 20 // of names and data of all servers of a worker
	copiesOfKey  = 4       // in the primary
)

// checkSize returns an error for a message of the cluster's protocol that is too long to be decoded on the loop. ok is false for another
// message that is as long, of which nothing is needed.
func checkSize(payload []byte) (ok bool, err error) {
	switch {
	case len(payload) <= maxMessage:
		return true, nil
	case bytes.Contains(payload, []byte(wire.Command)):
		return false, fmt.Errorf("%w: a message of the cluster of %d bytes", nodeipc.ErrProtocol, len(payload))
	}
	return false, nil
}

// checkServer returns an error for a server that no Node process asks for.
func checkServer(m *wire.FromWorker) error {
	switch name := m.Server.Size() + len(m.Seq) - len(m.Data); {
	case len(m.Data) > maxData:
		return fmt.Errorf("%w: a server with data of %d bytes", nodeipc.ErrProtocol, len(m.Data))
	case name > maxName:
		return fmt.Errorf("%w: a server that is described in %d bytes", nodeipc.ErrProtocol, name)
	case wire.IsDeeper(m.Data, maxDataDepth):
		return fmt.Errorf("%w: a server with data nested deeper than %d levels", nodeipc.ErrProtocol, maxDataDepth)
	}
	return nil
}

// costOf returns how many bytes are kept for a server that a worker asks for.
func costOf(key string, m *wire.FromWorker) int { return copiesOfKey*len(key) + len(m.Data) }

// mayListen returns EMFILE for a worker that has as many servers as it may have, and ENOBUFS for one that has as many bytes of them.
func (w *Worker) mayListen(cost int) error {
	has := len(w.onLoop.memberships)
	if w.onLoop.kept+cost > maxKept {
		return syscall.ENOBUFS
	}
	if has < fewServers {
		return nil
	}
	free, limit := bind.Descriptors()
	if has >= min(maxServers, limit/2) || free < min(limit/reservedShare, maxReserved) {
		return syscall.EMFILE
	}
	return nil
}
