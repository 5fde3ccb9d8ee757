package supervise

import (
	"context"
	"net"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

// stickyServer serves the clients of @socket.io/sticky, whose workers do not listen.
type stickyServer struct {
	route   *routes.Sticky
	workers *pool.Pool
}

// Serve is a call of service.
func (s stickyServer) Serve(l net.Listener) error { return s.route.Serve(l, s.workers) }

// Shutdown is a call of service.
func (s stickyServer) Shutdown(context.Context) error {
	s.route.Close()
	return nil
}
