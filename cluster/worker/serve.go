package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// DefaultShutdownTimeout is how long Serve lets requests go on that are under way when it has to end.
const DefaultShutdownTimeout = 10 * time.Second

// ErrShutdownTimeout is what Serve's error matches when it had to cut off what was still under way. The error matches
// context.DeadlineExceeded too.
var ErrShutdownTimeout = errors.New("the time to shut down is over")

// ServeOptions say how to serve. The zero value is what [Serve] does.
type ServeOptions struct {
	// ShutdownTimeout is how long requests that are under way may go on, and everything else for which the worker's
	// leaving waits: [DefaultShutdownTimeout] if it is 0, and without a limit if it is negative.
	ShutdownTimeout time.Duration
	// OnListen, if not nil, is called with the address once the server listens, before the first request: it tells the
	// port of ":0". Serving waits for its return.
	OnListen func(net.Addr)
}

// Serve joins the cluster that this process is a worker of, if it is one, and serves HTTP until the worker is asked to leave or
// ctx ends. It is all that an HTTP worker needs:
//
//	err := worker.Serve(ctx, &http.Server{Handler: handler}, "tcp", ":8000")
//
// The server uses TLS if it has a TLSConfig. An empty network is "tcp", and an empty address the server's Addr, or ":http", or
// ":https" with TLS, as in net/http. A process may call Serve several times, for one server each; all are workers of one
// cluster, and leave it together.
//
// Serve blocks until the server has ended:
//   - When the worker is asked to leave, or when ctx ends, on which the process leaves its cluster: no more connections come,
//     requests under way are finished, the primary is told, and Serve returns nil. Answers to requests that come from then on say
//     "Connection: close", or GOAWAY in HTTP/2, and connections without a request are kept for a second, since one may be on its way:
//     so clients that keep their connections lose none. The server's Handler is wrapped for that.
//   - When the primary is lost: requests under way are finished, and the error matches ErrPrimaryLost. Serve does not end the
//     process, as Join by itself does: it implies [JoinOptions].OutlivePrimary for its process.
//   - When that takes longer than [DefaultShutdownTimeout]: connections are closed, and the error matches
//     ErrShutdownTimeout.
//   - When Join, Listen or the server fails, or the program itself shuts the server down: the error is theirs, and the process
//     remains a worker.
func Serve(ctx context.Context, server *http.Server, network, address string) error {
	return ServeWith(ctx, server, network, address, ServeOptions{})
}

// ServeWith is [Serve] with options.
func ServeWith(ctx context.Context, server *http.Server, network, address string, o ServeOptions) error {
	p, err := JoinWith(ctx, JoinOptions{OutlivePrimary: true})
	if err != nil {
		return err
	}
	return p.ServeWith(ctx, server, network, address, o)
}

// Serve listens and serves HTTP as the function [Serve] does.
func (p *Process) Serve(ctx context.Context, server *http.Server, network, address string) error {
	return p.ServeWith(ctx, server, network, address, ServeOptions{})
}

// ServeWith listens and serves HTTP as the function [ServeWith] does.
func (p *Process) ServeWith(ctx context.Context, server *http.Server, network, address string, o ServeOptions) error {
	p.outlivePrimary()
	network, address = serverAddress(server, network, address)
	l, err := ListenConfig{TLS: server.TLSConfig}.Listen(ctx, p, network, address)
	if errors.Is(err, ErrAskedToLeave) {
		deadline, cancel := o.deadline()
		defer cancel()
		return p.awaitEnd(deadline, nil)
	}
	if err != nil {
		return err
	}
	if o.OnListen != nil {
		o.OnListen(l.Addr())
	}
	return p.serve(ctx, server, l, o)
}

// serverAddress is where a server listens whose program leaves that to the server.
func serverAddress(server *http.Server, network, address string) (string, string) {
	if network == "" {
		network = "tcp"
	}
	if address == "" {
		address = server.Addr
	}
	switch {
	case address != "":
	case server.TLSConfig != nil:
		address = ":https"
	default:
		address = ":http"
	}
	return network, address
}

// ServeListener serves HTTP on a listener of the worker's, as the function [Serve] does on one that it opens. The listener is
// closed in the end.
func (p *Process) ServeListener(ctx context.Context, server *http.Server, l net.Listener) error {
	p.outlivePrimary()
	return p.serve(ctx, server, l, ServeOptions{})
}

func (p *Process) serve(ctx context.Context, server *http.Server, l net.Listener, o ServeOptions) error {
	drain := drainHandler(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		if p.context.Err() == nil && ctx.Err() == nil {
			l.Close()
			return err
		}
		served <- err
	case <-ctx.Done():
	case <-p.context.Done():
	}
	drain.begin()
	p.Disconnect()
	deadline, cancel := o.deadline()
	defer cancel()
	p.awaitIdle(deadline)
	err := shutDown(deadline, server)
	if failure := unlessClosed(<-served); failure != nil {
		err = failure
	}
	return p.awaitEnd(deadline, err)
}

// deadline is a context that ends when the worker's leaving, which begins now, has to be over.
func (o ServeOptions) deadline() (context.Context, context.CancelFunc) {
	switch timeout := o.ShutdownTimeout; {
	case timeout == 0:
		return context.WithTimeout(context.Background(), DefaultShutdownTimeout)
	case timeout < 0:
		return context.WithCancel(context.Background())
	default:
		return context.WithTimeout(context.Background(), timeout)
	}
}

// shutDown waits for the server's requests, and closes the connections of those that are under way after the deadline.
func shutDown(deadline context.Context, server *http.Server) error {
	err := unlessClosed(server.Shutdown(deadline))
	if err == nil || deadline.Err() == nil {
		return err
	}
	server.Close()
	return timeoutError("requests were still under way, and were cut off")
}

// timeoutError says what was still open after the deadline.
func timeoutError(what string) error {
	return fmt.Errorf("worker: serve: %w: %s: %w", ErrShutdownTimeout, what, context.DeadlineExceeded)
}

// awaitEnd waits until the worker has left, or is given up after the deadline, and gives the error with which Serve ends.
func (p *Process) awaitEnd(deadline context.Context, err error) error {
	select {
	case <-p.done:
	case <-deadline.Done():
		if !p.finishNow() && err == nil {
			err = timeoutError("other connections of the process were still open, or the primary did not answer")
		}
	}
	cause := context.Cause(p.context)
	switch {
	case !errors.Is(cause, ErrPrimaryLost):
		return err
	case err != nil:
		return fmt.Errorf("worker: serve: %w; %w", cause, err)
	}
	return fmt.Errorf("worker: serve: %w", cause)
}

// unlessClosed passes over errors that tell of the listener's or the server's end.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
