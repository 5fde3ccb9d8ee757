//go:build unix

package bind

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// releaseTime is how long a port that was closed may still seem to be in use: a process that is just being started
// has copies of all descriptors, which it closes only after the process that starts it goes on. On a busy machine that takes a while.
const releaseTime = time.Second

// released are the ports that were closed not long ago, and when.
var released = struct {
	sync.Mutex
	ports map[int]time.Time
}{ports: map[int]time.Time{}}

// Release notes that the port of a socket is being closed.
func Release(fd int) {
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return
	}
	var port int
	switch address := bound.(type) {
	case *unix.SockaddrInet4:
		port = address.Port
	case *unix.SockaddrInet6:
		port = address.Port
	default:
		return
	}
	now := time.Now()
	released.Lock()
	defer released.Unlock()
	for port, at := range released.ports {
		if now.Sub(at) > releaseTime {
			delete(released.ports, port)
		}
	}
	released.ports[port] = now
}

// isReleased reports whether the port was closed not long ago.
func isReleased(port int) bool {
	released.Lock()
	defer released.Unlock()
	at, ok := released.ports[port]
	return ok && time.Since(at) < releaseTime
}

// bindOrReleased binds a socket. Where the port was just closed here and seems to be in use, the error is ErrReleased too.
func bindOrReleased(fd int, ip netip.Addr, port int) error {
	err := bindAddress(fd, ip, port)
	if errors.Is(err, unix.EADDRINUSE) && isReleased(port) {
		return fmt.Errorf("%w: %w", err, ErrReleased)
	}
	return err
}
