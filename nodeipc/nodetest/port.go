package nodetest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports are taken from below the range from which systems pick the local ports
// of clients, so that no connection of a test running beside takes one away.
const (
	firstPort = 10000
	ports     = 32768 - firstPort
)

// Test programs run side by side: each begins somewhere else.
var nextPort = func() *atomic.Uint32 {
	var next atomic.Uint32
	next.Store(rand.Uint32N(ports))
	return &next
}()

// FreePort gives a port that is free for TCP and for UDP, on 127.0.0.1 and on
// the unspecified address, at the time of the call. It gives each port once
// only until all have been given. The test ends with a failure when there is
// none.
func FreePort(tb testing.TB) int {
	tb.Helper()
	var err error
	for range ports {
		port := firstPort + int(nextPort.Add(1)%ports)
		if err = tryPort(port); err == nil {
			return port
		}
	}
	tb.Fatalf("nodetest: no free port from %d to %d: %v", firstPort, firstPort+ports-1, err)
	return 0
}

func tryPort(port int) error {
	for _, host := range []string{"127.0.0.1", ""} {
		address := net.JoinHostPort(host, strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		packetConn, err := net.ListenPacket("udp", address)
		if err := errors.Join(err, listener.Close()); err != nil {
			return err
		}
		if err := packetConn.Close(); err != nil {
			return err
		}
	}
	return nil
}
