package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
)

// listenTracked listens in a process that runs alone, whose leaving closes the listener and waits for its connections.
func (c ListenConfig) listenTracked(ctx context.Context, p *Process, network, address string) (net.Listener, error) {
	if p.context.Err() != nil {
		return nil, opError(network, address, context.Cause(p.context))
	}
	l, err := c.listenAlone(ctx, network, address)
	if err != nil {
		return nil, err
	}
	r := p.newRegistration("", nil)
	tracked := newSharedListener(l, p, c.MaxConnections, r)
	p.register(r, tracked)
	p.markListening(r)
	return tracked, nil
}

// listenPacketTracked opens a UDP socket in a process that runs alone, whose leaving closes it.
func (c ListenConfig) listenPacketTracked(ctx context.Context, p *Process, network, address string) (net.PacketConn, error) {
	switch {
	case p.context.Err() != nil:
		return nil, opError(network, address, context.Cause(p.context))
	case !isUDP(network):
		return nil, opError(network, address, net.UnknownNetworkError(network))
	}
	conn, err := c.listenPacketAlone(ctx, network, address)
	if err != nil {
		return nil, err
	}
	r := p.newRegistration("", nil)
	tracked := &packetConn{UDPConn: conn.(*net.UDPConn), registration: r}
	p.register(r, tracked)
	p.markListening(r)
	return tracked, nil
}

// listenAlone listens in this process, without a primary.
func (c ListenConfig) listenAlone(ctx context.Context, network, address string) (net.Listener, error) {
	if c.FD != nil {
		file := os.NewFile(uintptr(*c.FD), "listener")
		if file == nil {
			return nil, opError(network, address, fmt.Errorf("descriptor %d: %w", *c.FD, os.ErrInvalid))
		}
		defer file.Close() // the listener has a copy
		return net.FileListener(file)
	}
	if c.IPv6Only && network == "tcp" {
		network = "tcp6"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if _, abstract := abstractName(address); network == "unix" && !abstract {
		if err := bind.OpenTo(address, c.ReadableAll, c.WritableAll); err != nil {
			l.Close()
			return nil, opError(network, address, err)
		}
	}
	return l, nil
}

func (c ListenConfig) listenPacketAlone(ctx context.Context, network, address string) (net.PacketConn, error) {
	if c.IPv6Only && network == "udp" {
		network = "udp6"
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		if !c.ReuseAddress {
			return nil
		}
		controlled := raw.Control(func(fd uintptr) { err = bind.SetReuseAddress(int(fd)) })
		if controlled != nil {
			return controlled
		}
		return err
	}}
	return config.ListenPacket(ctx, network, address)
}
