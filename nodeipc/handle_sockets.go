package nodeipc

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// SendConn gives a connection to the peer, which gets it with the message. A Node program gets a net.Socket as the second
// argument of its 'message' event. conn may be what [handlewrap.FromConn] takes: a TCP or Unix stream connection.
//
// When SendConn returns nil, conn is closed in this process. The channel keeps the connection until the peer has acknowledged it,
// and from then on it is the peer's. On an error conn is still the caller's, and open. SendConn blocks and fails as SendHandle
// does, and fails where FromConn does.
//
// The peer does not see what this process has read of the connection. The example on sessions shows how to look at the first
// bytes without taking them.
func (c *Channel) SendConn(ctx context.Context, message any, conn net.Conn) error {
	return sendSocket(ctx, c, message, conn, handlewrap.FromConn)
}

// SendListener gives a listening socket to the peer, as SendConn does a connection. A Node program gets a net.Server, which
// already listens and has the 'connection' event. The path of a Unix socket is not removed, by this process or by the peer.
func (c *Channel) SendListener(ctx context.Context, message any, l net.Listener) error {
	return sendSocket(ctx, c, message, l, handlewrap.FromListener)
}

// SendPacketConn gives a UDP socket to the peer, as SendConn does a connection. A Node program gets a dgram.Socket.
func (c *Channel) SendPacketConn(ctx context.Context, message any, conn net.PacketConn) error {
	return sendSocket(ctx, c, message, conn, handlewrap.FromPacketConn)
}

// sendSocket sends a duplicate of a socket, and then closes the socket.
func sendSocket[S io.Closer](ctx context.Context, c *Channel, message any, socket S, handleOf func(S) (*handlewrap.Handle, error)) error {
	h, err := handleOf(socket)
	if err != nil {
		return fmt.Errorf("nodeipc: send a socket: %w", err)
	}
	if err := c.SendHandle(ctx, message, h); err != nil {
		h.Close()
		return err
	}
	if path, ok := any(socket).(interface{ SetUnlinkOnClose(bool) }); ok {
		path.SetUnlinkOnClose(false)
	}
	socket.Close()
	return nil
}
