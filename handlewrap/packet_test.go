//go:build unix

package handlewrap_test

import (
	"net"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestPacketConnRoundTrip(t *testing.T) {
	for name, test := range map[string]struct{ network, address, dgramType, send string }{
		"udp4":                       {"udp4", "127.0.0.1:0", "udp4", "127.0.0.1"},
		"udp6":                       {"udp6", "[::1]:0", "udp6", "::1"},
		"dual stack, sent over IPv4": {"udp", ":0", "udp6", "127.0.0.1"},
		"dual stack, sent over IPv6": {"udp", ":0", "udp6", "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := must[net.PacketConn](t)(net.ListenPacket(test.network, test.address))
			defer p.Close()
			h := must[*handlewrap.Handle](t)(handlewrap.FromPacketConn(p))
			defer h.Close()
			check(t, p.Close())
			if h.Type() != handlewrap.DgramSocket || h.DgramType() != test.dgramType {
				t.Fatalf("type %q, dgram type %q", h.Type(), h.DgramType())
			}
			got := must[net.PacketConn](t)(h.PacketConn())
			defer got.Close()
			wantEmpty(t, h)
			if h.DgramType() != "" {
				t.Fatal("an empty handle has a dgram type")
			}
			wantNetFlags(t, got)
			if _, ok := got.(*net.UDPConn); !ok {
				t.Fatalf("%T", got)
			}
			wantEcho(t, got, test.send)
		})
	}
}

// wantEcho sends a datagram to p at host and expects p's answer.
func wantEcho(t *testing.T, p net.PacketConn, host string) {
	t.Helper()
	_, port, err := net.SplitHostPort(p.LocalAddr().String())
	check(t, err)
	client := must[net.Conn](t)(net.Dial("udp", net.JoinHostPort(host, port)))
	defer client.Close()
	check(t, client.SetDeadline(time.Now().Add(deadline)))
	check(t, p.SetDeadline(time.Now().Add(deadline)))
	must[int](t)(client.Write([]byte("ping")))
	buffer := make([]byte, 16)
	n, from, err := p.ReadFrom(buffer)
	check(t, err)
	must[int](t)(p.WriteTo(buffer[:n], from))
	n = must[int](t)(client.Read(buffer))
	if string(buffer[:n]) != "ping" {
		t.Fatalf("read %q", buffer[:n])
	}
}
