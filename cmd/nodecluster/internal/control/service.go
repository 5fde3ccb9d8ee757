package control

import (
	"context"
	"iter"
	"net/http"
)

// A Service is what a supervisor does when it is asked to. Its methods may be called by several goroutines at once, and return soon once
// ctx ends. An *Error that they give is what the client gets; any other error is as one of CodeFailed.
type Service interface {
	// App tells how the application is. It does not wait.
	App(ctx context.Context) (App, error)
	// Events gives what happens from the call on, until ctx ends. Whoever calls it ends ctx, even if it does not range over the events.
	Events(ctx context.Context) iter.Seq[Event]
	// Messages gives what workers send, as Events does: each is an Event "message".
	Messages(ctx context.Context) iter.Seq[Event]

	// Reload, Restart and Scale return when the change has been made, or has failed. They go on when the client has hung up.
	Reload(ctx context.Context, r Reload) (Result, error)
	Restart(ctx context.Context) (Result, error)
	Scale(ctx context.Context, s Scale) (Result, error)
	// Stop returns when the workers have left. The supervisor ends then.
	Stop(ctx context.Context) error

	// Drain has Ready give an error from now on. If it is to wait, it returns when no connection is open or ctx ends, as it does when the
	// client has hung up.
	Drain(ctx context.Context, d Drain) error
	// Signal sends a signal to workers.
	Signal(ctx context.Context, s Signal) error
	// Trigger has workers carry out an action, and returns when all have answered, the time is over or ctx ends, as it does when the client
	// has hung up.
	Trigger(ctx context.Context, t Trigger) (Triggered, error)
	// SendData sends workers data. It does not wait until they have read it.
	SendData(ctx context.Context, d Data) (Sent, error)
	// Reset sets the counters of restarts to zero.
	Reset(ctx context.Context) error
	// ReopenLogs opens the log files anew, after another program has renamed them, and has workers know. FlushLogs empties them.
	ReopenLogs(ctx context.Context) error
	FlushLogs(ctx context.Context) error

	// Metrics is what Prometheus asks, and AppMetrics those of its metrics that the application measures itself.
	Metrics() http.Handler
	AppMetrics() http.Handler
	// Live tells why the supervisor does not do its work, and Ready why the application is not to be sent requests, nil if they do. They
	// do not wait.
	Live() error
	Ready() error
}
