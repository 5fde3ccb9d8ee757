package cluster

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// A worker that listens on an address to which one of the ListenFDs of the settings is bound gets that socket: the address is in use, and
// no other could be bound. The server has a copy of the descriptor, so that the socket stays open when it is closed.

// errGiven is why a server has no group of sockets. The primary could add sockets to one that it was given, but what waits in them would
// be lost with the primary, and the socket is often one of another user's, with which the kernel makes no group.
var errGiven = errors.New("no group is made of a socket that the primary was given")

// offered are the descriptors of the settings that are bound to what a worker asks for, and that no other server has.
func (p *Primary) offered(m *wire.FromWorker) []int {
	fds := p.Settings().ListenFDs
	if len(fds) == 0 {
		return nil
	}
	request := p.bindRequest(&m.Server)
	if name, ok := m.Server.AbstractName(); ok {
		request.Address = name
	}
	find := bind.OfferedStreams
	if m.IsPacket() {
		find = bind.OfferedPackets
	}
	found := find(fds, request)
	if slices.ContainsFunc(found, p.hasOffered) {
		return nil
	}
	return found
}

// hasOffered reports whether a server has a descriptor of the settings, by its address.
func (p *Primary) hasOffered(fd int) bool {
	for _, s := range p.onLoop.servers {
		if slices.Contains(s.base().listenFDs, fd) {
			return true
		}
	}
	return false
}

// isOffered reports whether the server that a worker asks for is one of offered descriptors.
func (p *Primary) isOffered(key string, m *wire.FromWorker) bool {
	if s := p.onLoop.servers[key]; s != nil {
		return len(s.base().listenFDs) > 0
	}
	return len(p.offered(m)) > 0
}

// explainInUse says of an address in use that an offered descriptor has its port, if that is so.
func (p *Primary) explainInUse(err error, m *wire.FromWorker) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	fd, at, ok := bind.OfferedPort(p.Settings().ListenFDs, m.IsPacket(), p.bindRequest(&m.Server))
	if !ok || p.hasOffered(fd) {
		return err
	}
	return fmt.Errorf("%w: the socket that the primary was given as descriptor %d is bound to %s: listen there, or on the descriptor", err, fd, at)
}
