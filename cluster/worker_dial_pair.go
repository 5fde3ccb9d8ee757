package cluster

import (
	"context"
	"net"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
)

// loopbackPair returns both ends of a TCP connection of this process with itself. The second is for a worker: not every runtime takes a
// Unix socket as a connection.
func loopbackPair(ctx context.Context) (ours net.Conn, theirs int, err error) {
	l, err := listenOnLoopback(ctx)
	if err != nil {
		return nil, -1, err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	dialer := net.Dialer{KeepAlive: -1}
	ours, err = dialer.DialContext(ctx, l.Addr().Network(), l.Addr().String())
	if err != nil {
		return nil, -1, err
	}
	accepted, err := acceptFrom(l, ours.LocalAddr())
	if err == nil {
		theirs, err = takeDescriptor(accepted)
	}
	if err != nil {
		ours.Close()
		return nil, -1, err
	}
	return ours, theirs, nil
}

func listenOnLoopback(ctx context.Context) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	l, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return config.Listen(ctx, "tcp6", "[::1]:0")
	}
	return l, nil
}

// acceptFrom accepts the connection of one client. Others of this machine may find the port meanwhile.
func acceptFrom(l net.Listener, client net.Addr) (*net.TCPConn, error) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil, err
		}
		if conn.RemoteAddr().String() == client.String() {
			return conn.(*net.TCPConn), nil
		}
		conn.Close()
	}
}

// takeDescriptor returns a descriptor of a connection, and closes the connection.
func takeDescriptor(conn *net.TCPConn) (fd int, err error) {
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	if e := raw.Control(func(own uintptr) { fd, err = bind.Dup(int(own)) }); e != nil {
		return -1, e
	}
	return fd, err
}
