package usage

import (
	"context"
	"net"
	"os"
	"slices"
	"testing"
)

type processID int

func (p processID) Pid() int { return int(p) }

// TestConnections counts what was accepted, over both versions of IP and over Multipath TCP, and neither a listener nor what was dialled.
func TestConnections(t *testing.T) {
	for _, c := range []struct {
		name, network, address string
		multipath              bool
	}{
		{"IPv4", "tcp4", "127.0.0.1:0", false},
		{"IPv6", "tcp", "[::]:0", false},
		{"Multipath TCP over IPv4", "tcp4", "127.0.0.1:0", true},
		{"Multipath TCP over IPv6", "tcp", "[::]:0", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var config net.ListenConfig
			config.SetMultipathTCP(c.multipath)
			l, err := config.Listen(context.Background(), c.network, c.address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			ports := map[int]bool{l.Addr().(*net.TCPAddr).Port: true}
			for want := range 3 {
				open, err := Connections([]processID{processID(os.Getpid()), -1}, ports)
				if !slices.Equal(open, []int{want, -1}) || err != nil {
					t.Errorf("with %d connections it says %v, %v", want, open, err)
				}
				client, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				conn, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
		})
	}
}
