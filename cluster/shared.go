package cluster

import "github.com/nodecluster/nodecluster/handlewrap"

// sharedServer is one socket that all members have: UDP, and everything under SchedNone.
type sharedServer struct {
	serverBase
	handleType handlewrap.Type
	socket     socket
}

func newSharedServer(base serverBase, t handlewrap.Type, bound socket) server {
	return &sharedServer{serverBase: base, handleType: t, socket: bound}
}

func (s *sharedServer) join(_ *Worker, reply *serverReply) (membership, *handlewrap.Handle, error) {
	fd, err := dup(s.socket.fd)
	if err != nil {
		return nil, nil, err
	}
	reply.Errno = new(int)
	return sharedMember{s}, handlewrap.New(s.handleType, fd), nil
}

func (s *sharedServer) close() { s.socket.close() }

type sharedMember struct{ of *sharedServer }

func (m sharedMember) server() server { return m.of }

func (m sharedMember) leave() {}

func (m sharedMember) retry() {}
