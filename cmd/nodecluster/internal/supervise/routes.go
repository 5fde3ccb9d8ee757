package supervise

import (
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// routing are the routes of messages that an application has, and what others need of them.
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
		routes.Broadcast(),
	}
	return r
}

// close writes what is left.
func (r *routing) close() {
	if r.printer != nil {
		r.printer.Close()
	}
}
