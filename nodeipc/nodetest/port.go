package nodetest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports are taken from below the range from which systems pick the local ports of clients, so that no connection of a
// test running beside takes one away. Test programs that run side by side have a block each.
const (
	firstPort  = 10000
	blockPorts = 512
	blocks     = (32768 - firstPort) / blockPorts
)

// A portBlock belongs to this process for as long as it listens on the block's first port.
type portBlock struct {
	owned net.Listener
	first int
	next  atomic.Uint32
}

var (
	ownPorts    portBlock
	ownPortsErr = ownPorts.claim(rand.IntN(blocks))
)

// claim takes the first block that nobody owns, from number start on.
func (b *portBlock) claim(start int) (err error) {
	for i := range blocks {
		b.first = firstPort + (start+i)%blocks*blockPorts
		if b.owned, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(b.first))); err == nil {
			return nil
		}
	}
	return err
}

// FreePort gives a port that is free for TCP and for UDP, on 127.0.0.1 and on the unspecified address, at the time of the
// call. It gives each port once only until all of this process have been given, and none that another test program was given.
// The test ends with a failure when there is none.
func FreePort(tb testing.TB) int {
	tb.Helper()
	if ownPortsErr != nil {
		tb.Fatalf("nodetest: no free block of ports from %d on: %v", firstPort, ownPortsErr)
	}
	var err error
	for range blockPorts - 1 {
		port := ownPorts.first + 1 + int(ownPorts.next.Add(1)%(blockPorts-1))
		if err = tryPort(port); err == nil {
			return port
		}
	}
	tb.Fatalf("nodetest: no free port from %d to %d: %v", ownPorts.first+1, ownPorts.first+blockPorts-1, err)
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
