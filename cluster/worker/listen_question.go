package worker

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// question is what a worker asks of a server that wants to listen, and then tells of it.
type question struct {
	wire.ServerMessage
	path string // as the program has it
}

// query makes the question for a network and an address, as a Node worker asks it.
func (c ListenConfig) query(ctx context.Context, network, address string) (*question, error) {
	q := &question{}
	if c.TLS != nil {
		q.Data = newTicketKeys()
	}
	switch {
	case c.FD != nil:
		q.FD, q.Backlog = wire.Value(*c.FD), wire.Value(c.Backlog)
		return q, nil
	case network == "unix":
		return q, c.queryPath(q, address)
	}
	return q, c.queryInternet(ctx, q, network, address)
}

// abstractName returns the name of an abstract socket as Node writes it, with NUL before it, if the address is one for package net.
func abstractName(address string) (name string, ok bool) {
	if runtime.GOOS != "linux" && runtime.GOOS != "android" || address == "" || address[0] != '@' && address[0] != 0 {
		return "", false
	}
	return "\x00" + address[1:], true
}

func (c ListenConfig) queryPath(q *question, path string) error {
	address := path
	name, isAbstract := abstractName(path)
	if isAbstract {
		address = name
	}
	full, err := filepath.Abs(address)
	if err != nil {
		return err
	}
	q.path = path
	q.Address, q.Port, q.AddressType, q.Backlog = wire.Value(full), wire.Value(-1), wire.Value(-1), wire.Value(c.Backlog)
	// An abstract name has no mode, and Node's primary dies of one.
	if c.ReadableAll && !isAbstract {
		q.ReadableAll = wire.Value(true)
	}
	if c.WritableAll && !isAbstract {
		q.WritableAll = wire.Value(true)
	}
	return nil
}

func (c ListenConfig) queryInternet(ctx context.Context, q *question, network, address string) error {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return err
	}
	ip, err := lookUp(ctx, network, host)
	if err != nil {
		return err
	}
	q.Port = wire.Value(port)
	flags := 0
	if c.IPv6Only || network[len(network)-1] == '6' {
		flags |= wire.FlagIPv6Only
	}
	family := 4
	switch {
	case ip.Is6():
		family = 6
	case ip.Is4():
		flags &^= wire.FlagIPv6Only
	}
	if isUDP(network) {
		if c.ReuseAddress {
			flags |= wire.FlagReuseAddress
		}
		q.AddressType, q.FD = wire.Value(fmt.Sprintf("udp%d", family)), wire.Value(-1)
	} else {
		q.AddressType, q.Backlog = wire.Value(family), wire.Value(c.Backlog)
	}
	q.Flags = wire.Value(flags)
	if ip.IsValid() {
		q.Address = wire.Value(ip.String())
	}
	return nil
}

func isUDP(network string) bool { return network == "udp" || network == "udp4" || network == "udp6" }

// lookUp finds the address to bind to: none for TCP on every address of either family, which Node leaves open.
func lookUp(ctx context.Context, network, host string) (netip.Addr, error) {
	versions := map[string]string{"tcp": "ip", "tcp4": "ip4", "tcp6": "ip6", "udp": "ip", "udp4": "ip4", "udp6": "ip6"}
	version, ok := versions[network]
	switch {
	case !ok:
		return netip.Addr{}, net.UnknownNetworkError(network)
	case host == "" && network == "tcp":
		return netip.Addr{}, nil
	case host == "" && version == "ip4":
		return netip.IPv4Unspecified(), nil
	case host == "":
		return netip.IPv6Unspecified(), nil
	}
	// The resolver has 0.0.0.0 beside ::, which Node takes as it is written.
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && version != "ip4" {
		return ip, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, version, host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, ip := range found {
		if ip = ip.Unmap(); ip.Is4() {
			return ip, nil
		}
	}
	return found[0], nil
}
