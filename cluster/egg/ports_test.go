package egg

import (
	"net"
	"testing"
)

// TestPortsBesideClients: no port that a client may be given, and none at all where clients may be given all.
func TestPortsBesideClients(t *testing.T) {
	for _, c := range []struct{ low, high, first, end int }{
		{32768, 60999, 61000, 1 << 16},
		{49152, 65535, 10000, 49152},
		{1024, 65535, 0, 0},
		{10500, 65000, 0, 0},
	} {
		if first, end := portsBesideClients(c.low, c.high); first != c.first || end != c.end {
			t.Errorf("beside %d to %d there are %d to %d, want %d to %d", c.low, c.high, first, end, c.first, c.end)
		}
	}
	low, high := localPortRange()
	if first, end := portsBesideClients(low, high); first == end {
		t.Logf("clients may be given %d to %d here, which leaves no room", low, high)
		return
	}
	l, err := listenBesideClients()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if port := l.Addr().(*net.TCPAddr).Port; port >= low && port <= high {
		t.Errorf("port %d may be a client's: they are given %d to %d", port, low, high)
	}
}
