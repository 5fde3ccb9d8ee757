package supervise

import (
	"context"
	"net/http"
	"os"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/watch"
)

// A kind is an application that runs, whatever runs it: a pool of workers, or the master of an Egg application. The control socket asks it by
// control.Service; the rest is what the supervisor's own loop needs.
type kind interface {
	control.Service
	// ended is closed when the application has ended by itself, and failure is why then, nil if it has done its work.
	ended() <-chan struct{}
	failure() error
	// stopRequests has something once the control socket has asked for the end.
	stopRequests() <-chan struct{}
	// shutDown ends the application, and returns when it has ended. What a further signal does is the kind's.
	shutDown(signals <-chan os.Signal) error
	events() *eventlog.Log
}

// untilEnd waits for the end of an application, on which a signal insists. A hang-up reloads, unless it says that the terminal is gone.
func untilEnd(k kind, signals *signals, watched *watch.Watcher) error {
	r := newReloader(k)
	r.start()
	defer r.wait()
	if watched != nil {
		r.watch(watched)
	}
	for {
		select {
		case <-k.ended():
			return k.failure()
		case <-signals.hangups:
			if !signals.terminalIsGone() {
				r.request()
				continue
			}
		case <-signals.reopens:
			r.reopenLogs()
			continue
		case <-r.idle:
			// A terminal's hang-up may come before the terminal is gone.
			if !signals.terminalIsGone() {
				continue
			}
		case <-signals.ends:
		case <-k.stopRequests():
		}
		return k.shutDown(signals.ends)
	}
}

// sendSignal sends a signal to the workers of all places, or of one. Places may have none.
func sendSignal(what control.Signal, workers map[int]*cluster.Worker) error {
	signal, err := options.SignalNamed(what.Signal)
	if err != nil {
		return invalid(err.Error())
	}
	sent := 0
	for place, w := range workers {
		if w == nil || what.Instance != nil && *what.Instance != place {
			continue
		}
		if process, err := os.FindProcess(w.Pid()); err == nil && process.Signal(signal) == nil {
			sent++
		}
	}
	if sent == 0 {
		return &control.Error{Code: control.CodeUnknown, Message: "there is no such worker to send a signal to"}
	}
	return nil
}

func invalid(message string) error {
	return &control.Error{Code: control.CodeInvalid, Message: message}
}

// metricsOf is what Prometheus asks of an application, with the metrics that this measures itself. One that does not say how it is has stopped.
func (o *Options) metricsOf(app func(context.Context) (control.App, error), own func(context.Context) []byte) http.Handler {
	return metrics.Handler(func(ctx context.Context) []metrics.App {
		a, err := app(ctx)
		if err != nil {
			a = control.App{Name: o.Name, Namespace: o.Namespace, State: control.Stopped}
		}
		return []metrics.App{{App: a, Own: own(ctx)}}
	})
}
