package worker

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// Serve joins the cluster that this process is a worker of, if it is one, and serves HTTP until it is asked to leave
// or ctx ends: then no new connections come, requests under way are finished, and nil is returned. It is all that an
// HTTP worker needs:
//
//	err := cluster.Serve(ctx, &http.Server{Handler: handler}, "tcp", ":8000")
//
// The error is Join's, Listen's or the server's.
func Serve(ctx context.Context, server *http.Server, network, address string) error {
	p, err := Join(ctx)
	if err != nil {
		return err
	}
	return p.Serve(ctx, server, network, address)
}

// Serve listens and serves HTTP, over TLS if the server has a TLSConfig, as the function [Serve] does.
func (p *Process) Serve(ctx context.Context, server *http.Server, network, address string) error {
	l, err := ListenConfig{TLS: server.TLSConfig}.Listen(ctx, p, network, address)
	if errors.Is(err, ErrAskedToLeave) {
		<-p.done
		return nil
	}
	if err != nil {
		return err
	}
	return p.ServeListener(ctx, server, l)
}

// ServeListener serves HTTP on a listener of the worker's until it is asked to leave or ctx ends, and returns nil when
// all requests are finished and the primary has been told. The listener is closed then.
func (p *Process) ServeListener(ctx context.Context, server *http.Server, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		if p.context.Err() == nil {
			l.Close()
			return err
		}
		served <- err
	case <-ctx.Done():
	case <-p.context.Done():
	}
	p.Disconnect()
	l.Close()
	if err := server.Shutdown(context.WithoutCancel(ctx)); unlessClosed(err) != nil {
		return err
	}
	if err := unlessClosed(<-served); err != nil {
		return err
	}
	if p.channel != nil {
		<-p.done
	}
	return nil
}

// unlessClosed passes over errors that tell of the listener's or the server's end.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
