package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
)

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
	if network == "unix" {
		if err := c.openToAll(address); err != nil {
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

func (c ListenConfig) openToAll(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return bind.OpenTo(path, info.Mode().Perm(), c.ReadableAll, c.WritableAll)
}
