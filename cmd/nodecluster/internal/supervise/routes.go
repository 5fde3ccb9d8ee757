package supervise

import (
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// routing are the primary's parts in the protocols of libraries, and what others need of them. They do nothing until a worker sends a message
// of theirs.
type routing struct {
	all     []pool.Route
	first   *firstInstance
	said    said
	printer *logs.Printer // nil if there is a log
}

// newRouting makes the routes of an application. It must be closed when the pool is.
func newRouting(o *Options) *routing {
	r := &routing{first: &firstInstance{}}
	if o.Logs != nil {
		r.said = o.Logs
	} else {
		r.printer = logs.NewPrinter(stdio.Out, stdio.Err)
		r.said = r.printer
	}
	r.all = []pool.Route{
		forgetting{routes.Log4js(routes.Log4jsOptions{Take: r.takeLog4js, Primary: r.first.worker}), r.said},
		routes.SocketIO(), routes.Broadcast(),
	}
	return r
}

// close writes what is left.
func (r *routing) close() {
	if r.printer != nil {
		r.printer.Close()
	}
}
