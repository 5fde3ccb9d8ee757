package cluster

import (
	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// sharedServer is one socket of which every worker has a copy: one of UDP, and any under SchedNone.
type sharedServer struct {
	serverBase
	handleType handlewrap.Type
	socket     bind.Socket
}

func newSharedServer(base serverBase, t handlewrap.Type, bound bind.Socket) server {
	return &sharedServer{serverBase: base, handleType: t, socket: bound}
}

func (s *sharedServer) join(_ *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	fd, err := bind.Dup(s.socket.FD)
	if err != nil {
		return nil, nil, err
	}
	reply.Errno = new(int)
	return sharedMembership{s}, handlewrap.New(s.handleType, fd), nil
}

func (s *sharedServer) close() { s.socket.Close() }

type sharedMembership struct{ of *sharedServer }

func (m sharedMembership) server() server { return m.of }

func (m sharedMembership) leave() {}

func (m sharedMembership) retry() {}
