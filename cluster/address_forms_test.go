package cluster

import "testing"

func TestAddressAsNetAddr(t *testing.T) {
	for _, c := range []struct {
		address       Address
		network, text string
	}{
		{Address{"127.0.0.1", 8000, "4", -1}, "tcp", "127.0.0.1:8000"},
		{Address{"::1", 8000, "6", -1}, "tcp", "[::1]:8000"},
		{Address{"fe80::1%eth0", 8000, "6", -1}, "tcp", "[fe80::1%eth0]:8000"},
		{Address{"", 8000, "4", -1}, "tcp", ":8000"},
		{Address{"", 8000, "null", 20}, "tcp", ":8000"},
		{Address{"/run/app.sock", -1, "-1", -1}, "unix", "/run/app.sock"},
		{Address{"", -1, "null", 20}, "unix", "file descriptor 20"},
		{Address{"0.0.0.0", 53, "udp4", -1}, "udp", "0.0.0.0:53"},
		{Address{"::", 53, "udp6", -1}, "udp", "[::]:53"},
	} {
		if got := c.address.Network(); got != c.network {
			t.Errorf("%+v: network %q, want %q", c.address, got, c.network)
		}
		if got := c.address.String(); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
	}
}
