package nodeipc

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// SendConn gives a connection to the peer, which gets it with the message: a Node program as a net.Socket, as the second argument
// of its 'message' event. It takes what [handlewrap.FromConn] takes, TCP and Unix stream connections.
//
// When it returns nil, conn is closed in this process, and the connection lives on in the channel until the peer has
// acknowledged it, and in the peer from then on. On an error the connection is still the caller's, and open. It blocks and
// fails as SendHandle does. What this process has read of the connection, the peer does not see: see the example for
// looking at the first bytes without taking them.
func (c *Channel) SendConn(ctx context.Context, message any, conn net.Conn) error {
	return sendSocket(ctx, c, message, conn, handlewrap.FromConn)
}

// SendListener gives a listening socket to the peer, as SendConn does a connection: a Node program gets a net.Server, for whose
// 'connection' event it listens. The path of a Unix socket stays, and is nobody's to remove but the caller's.
func (c *Channel) SendListener(ctx context.Context, message any, l net.Listener) error {
	return sendSocket(ctx, c, message, l, handlewrap.FromListener)
}

// SendPacketConn gives a UDP socket to the peer, as SendConn does a connection: a Node program gets a dgram.Socket.
func (c *Channel) SendPacketConn(ctx context.Context, message any, conn net.PacketConn) error {
	return sendSocket(ctx, c, message, conn, handlewrap.FromPacketConn)
}

// sendSocket sends a copy of a socket, and closes the socket once the channel has that.
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
