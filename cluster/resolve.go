package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
)

// query makes the question for a network and an address, as a Node worker asks it.
func (c ListenConfig) query(ctx context.Context, network, address string) (*serverMessage, error) {
	q := &serverMessage{Data: []byte("null")}
	if c.TLS != nil {
		q.Data = newTicketKeys()
	}
	switch {
	case c.FD != nil:
		q.FD, q.Backlog = c.FD, &c.Backlog
		return q, nil
	case network == "unix":
		return q, c.queryPath(q, address)
	}
	return q, c.queryInternet(ctx, q, network, address)
}

func (c ListenConfig) queryPath(q *serverMessage, path string) error {
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	none := -1
	q.path = path
	q.Address, q.Port, q.AddressType, q.Backlog = &full, &none, -1, &c.Backlog
	q.ReadableAll, q.WritableAll = c.ReadableAll, c.WritableAll
	return nil
}

// Flags of a queryServer, as libuv numbers them.
const (
	flagIPv6Only     = 1
	flagReuseAddress = 4 // UDP
	flagReusePort    = 8 // UDP
)

func (c ListenConfig) queryInternet(ctx context.Context, q *serverMessage, network, address string) error {
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
	q.Port = &port
	flags := 0
	if c.IPv6Only || network[len(network)-1] == '6' {
		flags |= flagIPv6Only
	}
	family := 4
	switch {
	case ip.Is6():
		family = 6
	case ip.Is4():
		flags &^= flagIPv6Only
	}
	if isUDP(network) {
		if c.ReuseAddress {
			flags |= flagReuseAddress
		}
		q.AddressType = fmt.Sprintf("udp%d", family)
		none := -1
		q.FD = &none
	} else {
		q.AddressType, q.Backlog = family, &c.Backlog
	}
	q.Flags = &flags
	if ip.IsValid() {
		text := ip.String()
		q.Address = &text
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
