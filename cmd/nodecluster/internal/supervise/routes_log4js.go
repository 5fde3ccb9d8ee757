package supervise

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilformat"
)

const (
	// maxSaid is how many bytes of one message of a logger are written.
	maxSaid = 2 << 20
	// maxLoggerName is how many bytes of a level's name and of a category's are.
	maxLoggerName = 1 << 10
)

// log4jsTime is how log4js writes times.
const log4jsTime = "2006-01-02T15:04:05.000"

// said takes what workers say by other means than printing.
type said interface {
	Say(w *cluster.Worker, stderr bool, text string)
	Forget(w *cluster.Worker)
}

// log4js is the primary's part for log4js: its lines are the workers' own in the log.
type log4js struct {
	first   *firstInstance
	said    said
	printer *logs.Printer // nil if there is a log
}

func newLog4js(o *Options) *log4js {
	l := &log4js{first: &firstInstance{}}
	if o.Logs != nil {
		l.said = o.Logs
	} else {
		l.printer = logs.NewPrinter(stdio.Out, stdio.Err)
		l.said = l.printer
	}
	return l
}

func (l *log4js) route() pool.Route {
	return forgetting{routes.Log4js(routes.Log4jsOptions{Take: l.take, Primary: l.first.worker}), l.said}
}

// close writes what is left, once the pool is closed.
func (l *log4js) close() {
	if l.printer != nil {
		l.printer.Close()
	}
}

// take writes what a logger of log4js was told, in the layout that log4js has by default.
func (l *log4js) take(e routes.Log4jsEvent) {
	line := append([]byte{'['}, e.Time.Format(log4jsTime)...)
	line = utilformat.Append(append(line, "] ["...), maxLoggerName, e.Level.Name)
	line = utilformat.Append(append(line, "] "...), maxLoggerName, e.Category)
	line = append(line, " - "...)
	line = utilformat.Append(line, maxSaid, e.Data...)
	l.said.Say(e.Worker, e.Level.IsError(), string(line))
}

// forgetting is a route that has what takes lines forget workers too.
type forgetting struct {
	pool.Route
	said said
}

func (f forgetting) Leave(r *pool.Router, w *cluster.Worker) {
	f.Route.Leave(r, w)
	f.said.Forget(w)
}

// firstInstance knows the worker of the instance 0, which log4js takes for its primary where its setting pm2 is true.
type firstInstance struct {
	ready atomic.Pointer[cluster.Worker]
}

// worker is that worker, nil while it is not ready: a message that comes before log4js is configured is lost.
func (f *firstInstance) worker() *cluster.Worker { return f.ready.Load() }

// startPause is how long follow waits to look again at an instance that has begun to start.
const startPause = time.Second

// follow looks at the instance whenever something has happened to workers, until the pool has ended.
func (f *firstInstance) follow(workers *pool.Pool, lives *cluster.Subscription) {
	for {
		state, ended := f.look(workers)
		if ended {
			return
		}
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if state == pool.InstanceStarting {
			ctx, cancel = context.WithTimeout(ctx, startPause)
		}
		_, err := lives.Next(ctx)
		isLate := ctx.Err() != nil
		cancel()
		if err != nil && !isLate {
			return
		}
	}
}

func (f *firstInstance) look(workers *pool.Pool) (state pool.InstanceState, ended bool) {
	instances, err := workers.Instances(context.Background())
	if err != nil {
		f.ready.Store(nil)
		select {
		case <-workers.Done():
			return "", true
		default:
			return pool.InstanceStarting, false // it is not started yet
		}
	}
	for _, i := range instances {
		if i.Number != 0 {
			continue
		}
		if i.State == pool.InstanceReady || i.State == pool.InstanceSpare {
			f.ready.Store(i.Worker)
		} else {
			f.ready.Store(nil)
		}
		return i.State, false
	}
	return "", false
}
