//go:build unix

package bind

import (
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// OfferedStreams returns those of the descriptors that are bound to what a request for TCP or a Unix socket means. They are several where
// each has some of the addresses that an unspecified one stands for.
func OfferedStreams(fds []int, r Request) (streams []int) {
	if r.FD >= 0 {
		return nil
	}
	return matching(fds, unix.SOCK_STREAM, func(bound unix.Sockaddr, onlyIPv6 bool) bool {
		if r.Port < 0 {
			return isAtPath(bound, r.Address)
		}
		wanted, ok := wantedStream(r)
		has, isIP := newEndpoint(bound, onlyIPv6)
		return ok && isIP && has.serves(wanted)
	})
}

// OfferedPackets is OfferedStreams for UDP. A socket of the other family does not serve: a program of udp4 could not answer the
// addresses of IPv4 that one of IPv6 gives it.
func OfferedPackets(fds []int, r Request) []int {
	if r.FD > 0 {
		return nil
	}
	return matching(fds, unix.SOCK_DGRAM, func(bound unix.Sockaddr, onlyIPv6 bool) bool {
		wanted, ok := wantedPacket(r)
		has, isIP := newEndpoint(bound, onlyIPv6)
		return ok && isIP && has.ip.Is4() == wanted.ip.Is4() && has.serves(wanted)
	})
}

// OfferedPort returns the first of the descriptors that has the port of a request for TCP or UDP, whatever its address is.
func OfferedPort(fds []int, packets bool, r Request) (fd int, at netip.AddrPort, ok bool) {
	kind := unix.SOCK_STREAM
	if packets {
		kind = unix.SOCK_DGRAM
	}
	for _, fd := range fds {
		bound, err := boundTo(fd, kind)
		if err != nil {
			continue
		}
		if has, isIP := newEndpoint(bound, false); isIP && r.Port > 0 && has.port == r.Port {
			return fd, netip.AddrPortFrom(has.ip, uint16(has.port)), true
		}
	}
	return -1, at, false
}

// matching returns the descriptors that are bound sockets of a kind without a peer, and match.
func matching(fds []int, kind int, match func(bound unix.Sockaddr, onlyIPv6 bool) bool) (matching []int) {
	for _, fd := range fds {
		bound, err := boundTo(fd, kind)
		if err != nil {
			continue
		}
		only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if match(bound, err == nil && only != 0) {
			matching = append(matching, fd)
		}
	}
	return matching
}

// endpoint is an address of TCP or UDP. The zone of an IPv6 address is the interface's number.
type endpoint struct {
	ip       netip.Addr
	zone     uint32
	port     int
	onlyIPv6 bool
}

func newEndpoint(bound unix.Sockaddr, onlyIPv6 bool) (e endpoint, ok bool) {
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return endpoint{ip: netip.AddrFrom4(a.Addr), port: a.Port}, true
	case *unix.SockaddrInet6:
		return endpoint{ip: netip.AddrFrom16(a.Addr), zone: a.ZoneId, port: a.Port, onlyIPv6: onlyIPv6}, true
	}
	return endpoint{}, false
}

// wantedStream is what a request for TCP is bound to. Without an address that is IPv6 and IPv4.
func wantedStream(r Request) (endpoint, bool) {
	if r.Address == "" {
		r.Address = "::"
	}
	return wantedEndpoint(r)
}

func wantedPacket(r Request) (endpoint, bool) {
	r.Address = packetAddress(r)
	return wantedEndpoint(r)
}

func wantedEndpoint(r Request) (e endpoint, ok bool) {
	ip, err := netip.ParseAddr(r.Address)
	if err != nil || r.Port <= 0 {
		return endpoint{}, false
	}
	return endpoint{ip: ip.WithZone(""), zone: zoneID(ip.Zone()), port: r.Port, onlyIPv6: r.IPv6Only}, true
}

// serves reports whether a socket that is bound here is one for what is wanted: the same address, or another unspecified one that has
// some of the same addresses. No further socket can be bound to these.
func (e endpoint) serves(wanted endpoint) bool {
	switch {
	case e.port != wanted.port:
		return false
	case e.ip.IsUnspecified() && wanted.ip.IsUnspecified():
		return e.hasIPv4() && wanted.hasIPv4() || e.ip.Is6() && wanted.ip.Is6()
	}
	return e.ip.Unmap() == wanted.ip.Unmap() && e.zone == wanted.zone
}

// hasIPv4 reports whether an unspecified address has those of IPv4.
func (e endpoint) hasIPv4() bool { return e.ip.Is4() || !e.onlyIPv6 }

// isAtPath reports whether a socket is bound to a path, or to an abstract name, which begins with NUL. The file has to be there still: a
// program may have removed it to make another.
func isAtPath(bound unix.Sockaddr, path string) bool {
	a, ok := bound.(*unix.SockaddrUnix)
	if !ok || a.Name == "" {
		return false
	}
	if name, isAbstract := strings.CutPrefix(path, "\x00"); isAbstract {
		return a.Name == "@"+strings.TrimRight(name, "\x00")
	}
	file, err := os.Stat(path)
	if err != nil || file.Mode().Type() != os.ModeSocket {
		return false
	}
	own, err := os.Stat(a.Name)
	return err == nil && os.SameFile(own, file)
}
