package cluster

import "github.com/nodecluster/nodecluster/handlewrap"

// sharedServer is one socket that all members have: UDP, and everything under SchedNone.
type sharedServer struct {
	serverBase
	handleType handlewrap.Type
	socket     socket
}

func newSharedServer(key string, t handlewrap.Type, bind func() (socket, error)) (server, error) {
	bound, err := bind()
	if err != nil {
		return nil, err
	}
	return &sharedServer{serverBase: serverBase{key: key}, handleType: t, socket: bound}, nil
}

func (s *sharedServer) join(*Worker) membership { return sharedMember{s} }

func (s *sharedServer) describe(reply *serverReply) (*handlewrap.Handle, error) {
	fd, err := dup(s.socket.fd)
	if err != nil {
		return nil, err
	}
	reply.Errno = new(int)
	return handlewrap.New(s.handleType, fd), nil
}

// giveBack has nothing to take: the kernel deals these connections out.
func (s *sharedServer) giveBack(connection int) { closeFD(connection) }

func (s *sharedServer) close() { s.socket.close() }

type sharedMember struct{ of *sharedServer }

func (m sharedMember) server() server { return m.of }

func (m sharedMember) leave() {}

func (m sharedMember) retry() {}
