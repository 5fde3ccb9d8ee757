package egg

import (
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
)

// maxPortTries is how many ports are tried outside the range of clients before any free one is taken.
const maxPortTries = 64

// listenBesideClients listens on a free port outside the range from which the system picks the ports of clients, where there is room. An
// agent listens on its port only some time after it was chosen, and again after each restart; meanwhile no client's connection takes it.
func listenBesideClients() (net.Listener, error) {
	first, end := portsBesideClients(localPortRange())
	for range min(maxPortTries, end-first) {
		if l, err := net.Listen("tcp", ":"+strconv.Itoa(first+rand.IntN(end-first))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", ":0")
}

// portsBesideClients gives the ports from first to before end that clients whose ports are from low to high do not get: those above, where
// fewer servers have their fixed ports, or else those below. They are equal where there is no room.
func portsBesideClients(low, high int) (first, end int) {
	const enough, registered = 1000, 10000
	switch {
	case 1<<16-(high+1) >= enough:
		return high + 1, 1 << 16
	case low-registered >= enough:
		return registered, low
	}
	return 0, 0
}

// localPortRange is the range from which clients get their ports: as Linux has it set, and elsewhere the one that IANA sets aside.
func localPortRange() (low, high int) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if fields := strings.Fields(string(text)); err == nil && len(fields) == 2 {
		low, errLow := strconv.Atoi(fields[0])
		high, errHigh := strconv.Atoi(fields[1])
		if errLow == nil && errHigh == nil {
			return low, high
		}
	}
	return 49152, 1<<16 - 1
}
