package web

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// canTellPeers reports whether this system says which user has made a connection on loopback.
const canTellPeers = true

// What the kernel calls these in linux/inet_diag.h.
const (
	sizeofDiagRequest  = 56
	sizeofDiagResponse = 72
	diagAnyCookie      = 0xff

	offsetOfDiagState = 1 // in inet_diag_msg
	offsetOfDiagUID   = 64
	offsetOfDiagInode = 68
)

// peerUID is the user whose socket is the other end of a connection on loopback, by what the kernel says of that socket.
func peerUID(c net.Conn) (int, error) {
	local, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return 0, err
	}
	remote, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return 0, err
	}
	if !local.Addr().Unmap().IsLoopback() || !remote.Addr().Unmap().IsLoopback() {
		return 0, fmt.Errorf("%v is no address of this machine", remote.Addr())
	}
	uid, err := socketUID(remote, local) // the socket at the other end has the addresses the other way round
	if err != nil {
		return 0, fmt.Errorf("it is not known which user has connected: %w; --token-file does without it", err)
	}
	return uid, nil
}

// socketUID asks the kernel by netlink whose the one socket is that has these addresses.
func socketUID(local, remote netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagRequest(local, remote), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	response := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, response, 0)
	if err != nil {
		return 0, err
	}
	return diagUID(response[:n])
}

// diagRequest is a nlmsghdr with an inet_diag_req_v2.
func diagRequest(local, remote netip.AddrPort) []byte {
	family := byte(unix.AF_INET)
	if !local.Addr().Unmap().Is4() {
		family = unix.AF_INET6
	}
	native := binary.NativeEndian
	b := native.AppendUint32(nil, unix.SizeofNlMsghdr+sizeofDiagRequest)
	b = native.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = native.AppendUint16(b, unix.NLM_F_REQUEST)
	b = append(b, make([]byte, 8)...) // sequence, port
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = native.AppendUint32(b, ^uint32(0)) // all states
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	for _, a := range []netip.Addr{local.Addr(), remote.Addr()} {
		var address [16]byte
		copy(address[:], a.Unmap().AsSlice())
		b = append(b, address[:]...)
	}
	b = append(b, 0, 0, 0, 0) // any interface
	for range 8 {
		b = append(b, diagAnyCookie)
	}
	return b
}

// diagUID reads the user from the kernel's answer, a nlmsghdr with an inet_diag_msg or an error.
func diagUID(b []byte) (int, error) {
	native := binary.NativeEndian
	if len(b) < unix.SizeofNlMsghdr+4 {
		return 0, errors.New("the kernel's answer is too short")
	}
	kind, body := native.Uint16(b[4:]), b[unix.SizeofNlMsghdr:]
	switch {
	case kind == unix.NLMSG_ERROR:
		return 0, unix.Errno(-int32(native.Uint32(body)))
	case kind != unix.SOCK_DIAG_BY_FAMILY || len(body) < sizeofDiagResponse:
		return 0, fmt.Errorf("the kernel's answer is of kind %d, with %d bytes", kind, len(body))
	case body[offsetOfDiagState] != unix.BPF_TCP_ESTABLISHED || native.Uint32(body[offsetOfDiagInode:]) == 0:
		// Of a socket that no process has any more the kernel says that it is root's.
		return 0, errors.New("the client has closed the connection")
	}
	return int(native.Uint32(body[offsetOfDiagUID:])), nil
}
