//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is a bound socket of the primary's, and the path that goes with it.
type socket struct {
	fd   int
	path string
	file os.FileInfo
}

// nodeBacklog is what Node asks for where the program does not say.
const nodeBacklog = 511

var errNothingToAccept = errors.New("there is no connection to accept")

func closeFD(fd int) { unix.Close(fd) }

func dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// bindStream makes the socket that a TCP or Unix-socket server wants, bound and not yet listening.
func bindStream(m *fromWorker) (socket, error) {
	if fd := integer(m.FD, -1); fd >= 0 {
		return inherited(fd)
	}
	if port := integer(m.Port, -1); port >= 0 {
		return bindTCP(stringOrEmpty(m.Address), port, integer(m.Flags, 0))
	}
	return bindPath(stringOrEmpty(m.Address), isTrue(m.ReadableAll), isTrue(m.WritableAll))
}

// inherited takes a socket that the primary itself was started with. Others of the primary's descriptors, which
// are no business of a worker's, are connected sockets or no sockets at all.
func inherited(fd int) (socket, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return socket{}, unix.EINVAL
	}
	if _, err := unix.Getpeername(fd); err != unix.ENOTCONN && err != unix.EINVAL {
		return socket{}, unix.EINVAL
	}
	own, err := dup(fd)
	if err != nil {
		return socket{}, err
	}
	if err := unix.SetNonblock(own, true); err != nil {
		closeFD(own)
		return socket{}, err
	}
	return socket{fd: own}, nil
}

// bindTCP binds to an address, or to the unspecified one: IPv6 and IPv4 together where there is IPv6.
func bindTCP(address string, port, flags int) (socket, error) {
	if address != "" {
		return bindInternet(unix.SOCK_STREAM, address, port, flags)
	}
	s, err := bindInternet(unix.SOCK_STREAM, "::", port, flags)
	if err == nil || errors.Is(err, unix.EADDRINUSE) {
		return s, err
	}
	return bindInternet(unix.SOCK_STREAM, "0.0.0.0", port, 0)
}

func bindUDP(m *fromWorker) (socket, error) {
	if fd := integer(m.FD, -1); fd > 0 {
		return inheritedUDP(fd)
	}
	address := stringOrEmpty(m.Address)
	if address == "" {
		address = "0.0.0.0"
		if text(m.AddressType) == "udp6" {
			address = "::"
		}
	}
	return bindInternet(unix.SOCK_DGRAM, address, max(integer(m.Port, 0), 0), integer(m.Flags, 0))
}

func inheritedUDP(fd int) (socket, error) {
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_DGRAM {
		return socket{}, unix.EINVAL
	}
	own, err := dup(fd)
	return socket{fd: own}, err
}

func bindInternet(kind int, address string, port, flags int) (s socket, err error) {
	ip, err := netip.ParseAddr(address)
	if err != nil || port > 65535 {
		return socket{}, unix.EINVAL
	}
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	fd, err := newSocket(family, kind)
	if err != nil {
		return socket{}, err
	}
	if err := errors.Join(setOptions(fd, family, kind, flags), bindReleased(fd, ip, port)); err != nil {
		closeFD(fd)
		return socket{}, err
	}
	return socket{fd: fd}, nil
}

func setOptions(fd, family, kind, flags int) error {
	if kind == unix.SOCK_STREAM || flags&flagReuseAddress != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if kind == unix.SOCK_DGRAM && flags&flagReusePort != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	if family == unix.AF_INET6 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, flags&flagIPv6Only)
	}
	return nil
}

func bindAddress(fd int, ip netip.Addr, port int) error {
	if ip.Is4() {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: ip.As4()})
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zoneID(ip.Zone())})
}

// bindPath binds to a path, or to the shorter of it and the same path from the working directory, since a
// socket's path may have no more than some hundred bytes.
func bindPath(path string, readableAll, writableAll bool) (socket, error) {
	if cwd, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(cwd, path); err == nil && len(relative) < len(path) {
			path = relative
		}
	}
	abstract := strings.HasPrefix(path, "\x00")
	if path == "" || !abstract && strings.Contains(path, "\x00") {
		return socket{}, unix.EINVAL
	}
	if len(path) >= len(unix.RawSockaddrUnix{}.Path) {
		return socket{}, unix.EINVAL // what Node 24 and later say; earlier ones bind to the path's beginning
	}
	fd, err := newSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return socket{}, err
	}
	s := socket{fd: fd}
	if err := s.bindPath(path, abstract, readableAll, writableAll); err != nil {
		s.close()
		return socket{}, err
	}
	return s, nil
}

func (s *socket) bindPath(path string, abstract, readableAll, writableAll bool) error {
	name := path
	if abstract {
		// The package marks an abstract name in this way.
		name = "@" + path[1:]
	}
	switch err := unix.Bind(s.fd, &unix.SockaddrUnix{Name: name}); {
	case err == unix.ENOENT:
		// So libuv reports it, for the sake of Windows.
		return unix.EACCES
	case err != nil || abstract:
		return err
	}
	// The working directory may change before the path is taken away.
	if full, err := filepath.Abs(path); err == nil {
		s.path = full
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	s.file = info
	return openTo(path, info.Mode().Perm(), readableAll, writableAll)
}

// close closes the socket and takes its path away, unless another socket stands there by now.
func (s *socket) close() {
	release(s.fd)
	closeFD(s.fd)
	if s.file == nil {
		return
	}
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.file) {
		os.Remove(s.path)
	}
}

func listen(fd, backlog int) error {
	if backlog <= 0 {
		backlog = nodeBacklog
	}
	return unix.Listen(fd, backlog)
}

// name is where a TCP socket is bound, nil for a path.
func (s *socket) name() (*sockName, error) {
	bound, err := unix.Getsockname(s.fd)
	if err != nil {
		return nil, fmt.Errorf("getsockname: %w", err)
	}
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return &sockName{netip.AddrFrom4(a.Addr).String(), "IPv4", a.Port}, nil
	case *unix.SockaddrInet6:
		return &sockName{netip.AddrFrom16(a.Addr).String(), "IPv6", a.Port}, nil
	}
	return nil, nil
}

// newSocket makes a socket that is close-on-exec and does not block.
func newSocket(family, kind int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

func reuseAddress(fd uintptr) error {
	return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}
