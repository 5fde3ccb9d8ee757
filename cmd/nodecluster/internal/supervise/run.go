package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/watch"
)

// Options are what an application is run with.
type Options struct {
	Name, Namespace string
	Version         string // of this program
	// AppVersion is what the application's package.json says of its version, by now.
	AppVersion func() string
	Settings   cluster.Settings
	Pool       pool.Options
	Log        *eventlog.Log
	Events     *Events // what Log writes
	// Config is the configuration, a config.App. Compile finds out what another one means, and Save keeps it; both are nil if it cannot be
	// changed.
	Config  json.RawMessage
	Compile func(json.RawMessage) (Compiled, error)
	Save    func(json.RawMessage) error
	// Control is where the control socket listens, which is closed in the end; nil is for none.
	Control      net.Listener
	ControlGroup string
	// Metrics is where metrics and probes are answered, and is closed in the end; nil is for none.
	Metrics net.Listener
	// Sticky is where the clients of @socket.io/sticky connect, and is closed in the end; nil is for none.
	Sticky net.Listener
	// Watch has the workers be reloaded when files change; nil if none are watched.
	Watch      *watch.Watcher
	Foreground bool
	// StartTimeout is how long workers may take to be ready at first.
	StartTimeout time.Duration
	// ListenFDs are sockets that the service manager has opened. They stay open.
	ListenFDs []int
	// Notifier tells the service manager, and is closed by the caller; nil is for none.
	Notifier *boot.Notifier
	// Logs keeps what the workers print, in LogFile; it is nil where that passes through.
	Logs    *logs.Writer
	LogFile string
}

// Compiled is what a configuration means.
type Compiled struct {
	Instances int // 0 is for as many as the limits allow
	Reread    func() ([]cluster.Settings, error)
}

// lagPeriod is how often the lag of workers is measured for those who look at the application.
const lagPeriod = 5 * time.Second

// Run runs an application until its workers are done, or signals or the control socket end it. Its error is why it could not be run or kept
// running, or could not end in order.
func Run(o Options) error {
	signals, release := catchSignals()
	defer release()
	if o.Logs != nil {
		notifyUSR2(signals.reopens)
	}
	reread := &rereader{current: o.Pool.Reread}
	if o.Pool.Reread != nil {
		o.Pool.Reread = reread.read
	}
	if o.Settings.LagPeriod == 0 && (o.Control != nil || o.Metrics != nil) {
		o.Settings.LagPeriod = lagPeriod
	}
	o.Settings.ListenFDs = o.ListenFDs
	routes := newRoutes(&o)
	defer routes.log4js.close()
	o.Pool.Routes = append(o.Pool.Routes, routes.all()...)
	workers, err := pool.New(o.Settings, o.Pool)
	if err != nil {
		return err
	}
	o.Log.Sizing(workers.Sizing())
	f := follow(workers, o.Log)
	changes := logProgress(workers, o.Log)
	s := newService(&o, workers, reread, routes)
	s.follower = f
	if err = s.begin(); err == nil {
		err = untilEnd(s, signals, o.Watch)
	}
	if errors.Is(err, errStuck) {
		return err
	}
	workers.Close()
	s.close()
	changes.Wait()
	f.wait()
	if killed := f.killed.Load(); err == nil && killed > 0 {
		err = fmt.Errorf("%d of the workers had not left and had to be killed", killed)
	}
	return err
}
