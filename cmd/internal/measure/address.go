//go:build unix

package measure

import (
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"syscall"
)

// FreeAddress gives an address of this machine's that nobody listens on, with a port below those that clients are given:
// while nobody listens, a client on the very port that it connects to would be connected to itself.
func FreeAddress() (string, error) {
	port, err := FreePorts(1)
	return Local(port), err
}

// Local is a port's address on this machine.
func Local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// ClientAddress is an address of a client's own, by its number, where the system has several for itself: by it sticky workers are chosen.
func ClientAddress(client int) net.Addr {
	if runtime.GOOS != "linux" {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, byte(client>>7), byte(client<<1)|1)}
}

// FreePorts gives the first of n ports in a row that nobody listens on. They are below those that Node's tests and ours take,
// which may run beside.
func FreePorts(n int) (int, error) {
	const first, last = 2000, 9000
	for {
		port := first + rand.IntN(last-first-n+1)
		free, err := allFree(port, n)
		if free || err != nil {
			return port, err
		}
	}
}

func allFree(first, n int) (bool, error) {
	for port := first; port < first+n; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if err := listener.Close(); err != nil {
			return false, err
		}
	}
	return true, nil
}
