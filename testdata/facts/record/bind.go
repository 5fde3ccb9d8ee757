//go:build linux

package main

import (
	"net/netip"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	flagIPv6Only     = 1
	flagReuseAddress = 4
)

// bindFor makes the socket that a worker asked for, as a primary that shares it does.
func (r *rig) bindFor(message any) (int, error) {
	address, flags := text(message, "address"), number(message, "flags")
	switch get(message, "addressType") {
	case "udp4":
		return bindIP(unix.SOCK_DGRAM, orElse(address, "0.0.0.0"), r.port(message), flags)
	case "udp6":
		return bindIP(unix.SOCK_DGRAM, orElse(address, "::"), r.port(message), flags)
	case float64(-1):
		if !filepath.IsAbs(address) {
			address = filepath.Join(r.dir, address)
		}
		return bind(unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: address}, flags)
	case nil:
		return r.sharedFD()
	}
	return bindIP(unix.SOCK_STREAM, orElse(address, "::"), r.port(message), flags)
}

// sharedFD is what stands for the primary's own fd that a worker names.
func (r *rig) sharedFD() (int, error) {
	fd, err := bindIP(unix.SOCK_STREAM, "127.0.0.1", 18004, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.Listen(fd, 8)
}

func bindIP(kind int, address string, port, flags int) (int, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return -1, err
	}
	if ip.Is4() {
		return bind(unix.AF_INET, kind, &unix.SockaddrInet4{Addr: ip.As4(), Port: port}, flags)
	}
	return bind(unix.AF_INET6, kind, &unix.SockaddrInet6{Addr: ip.As16(), Port: port}, flags)
}

func bind(family, kind int, address unix.Sockaddr, flags int) (int, error) {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if kind == unix.SOCK_STREAM && family != unix.AF_UNIX || flags&flagReuseAddress != 0 {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil && flags&flagIPv6Only != 0 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, address)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
