package supervise

import (
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

// libraryRoutes are the primary's parts in the protocols of libraries. They do nothing until a worker sends a message of theirs.
func libraryRoutes() []pool.Route {
	return []pool.Route{routes.SocketIO(), routes.Broadcast()}
}
