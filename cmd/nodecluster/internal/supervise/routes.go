package supervise

import (
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
)

// appRoutes are what the pool of an application has for the libraries that expect something of their primary.
type appRoutes struct {
	promClient *routes.PromClient
	pm2IO      *routes.PM2IO
	sticky     *routes.Sticky
	log4js     *log4js
	socketIO   pool.Relay

	mu   sync.Mutex
	told map[string]bool // the metrics that were said to be left out
}

// newRoutes makes the routes of an application, which are closed when its pool is.
func newRoutes(o *Options) *appRoutes {
	return &appRoutes{
		promClient: routes.NewPromClient(routes.PromClientOptions{Reserved: []string{metrics.Prefix}}),
		pm2IO:      routes.NewPM2IO(),
		sticky:     routes.NewSticky(),
		log4js:     newLog4js(o),
		socketIO:   o.Log.Hinting(routes.SocketIO(), o.Settings),
		told:       map[string]bool{},
	}
}

// all are those of the pool.
func (r *appRoutes) all() []pool.Route {
	return []pool.Route{r.log4js.route(), r.socketIO, r.sticky, r.promClient, r.pm2IO, routes.Broadcast()}
}

// measured are the metrics and the actions of a worker with @pm2/io.
func (r *appRoutes) measured(w *cluster.Worker) (values []control.Metric, actions []control.Action) {
	for _, m := range r.pm2IO.Metrics(w) {
		value := control.Metric{Name: m.Name, Unit: m.Unit, Type: m.Type}
		switch v := m.Value.(type) {
		case float64:
			value.Value = &v
		case string:
			value.Text = v
		}
		values = append(values, value)
	}
	for _, a := range r.pm2IO.Actions(w) {
		actions = append(actions, control.Action{Name: a.Name, Type: a.Type, Arity: a.Arity})
	}
	return values, actions
}

// maxTold is how many metrics are told of that are left out.
const maxTold = 64

// isNews reports whether it was not told yet that a metric is left out.
func (r *appRoutes) isNews(metric string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[metric] || len(r.told) == maxTold {
		return false
	}
	r.told[metric] = true
	return true
}
