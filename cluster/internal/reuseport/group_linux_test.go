//go:build !portable

package reuseport

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"golang.org/x/sys/unix"
)

// newGroup makes a group of n sockets bound to a free port of the address.
func newGroup(t *testing.T, kind int, ip string, n int) *Group {
	t.Helper()
	fd := bound(t, kind, ip, 0)
	g, err := New(fd, 4096)
	if err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	for range n - 1 {
		if err := g.Add(); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func sockaddr(ip netip.Addr, port int) (int, unix.Sockaddr) {
	if ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
}

func bound(t *testing.T, kind int, ip string, port int) int {
	t.Helper()
	family, address := sockaddr(netip.MustParseAddr(ip), port)
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, address)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func (g *Group) port(t *testing.T) int {
	t.Helper()
	switch a := g.address.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	t.Fatal("no port")
	return 0
}

// takeAll says how many connections or datagrams wait at each socket, and takes them.
func (g *Group) takeAll() (counts []int) {
	buffer := make([]byte, 16)
	for _, fd := range g.fds {
		n := 0
		for {
			taken, _, err := unix.Accept4(fd, 0)
			if g.kind == unix.SOCK_DGRAM {
				_, err = unix.Read(fd, buffer)
			}
			if err != nil {
				break
			}
			if g.kind == unix.SOCK_STREAM {
				unix.Close(taken)
			}
			n++
		}
		counts = append(counts, n)
	}
	return counts
}

// dial connects or sends a datagram, from an address.
func dial(t *testing.T, network, from, to string, port int) {
	t.Helper()
	var local net.Addr
	if from != "" {
		ip := net.ParseIP(from)
		local = &net.TCPAddr{IP: ip}
		if network == "udp" {
			local = &net.UDPAddr{IP: ip}
		}
	}
	d := net.Dialer{LocalAddr: local}
	c, err := d.Dial(network, netip.AddrPortFrom(netip.MustParseAddr(to), uint16(port)).String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

var networks = map[string]int{"tcp": unix.SOCK_STREAM, "udp": unix.SOCK_DGRAM}

func TestTheKernelSpreads(t *testing.T) {
	const total = 20_000
	for network, kind := range networks {
		for _, sockets := range map[string][]int{"tcp": {2, 4, 8}, "udp": {4}}[network] {
			g := newGroup(t, kind, "127.0.0.1", sockets)
			counts := make([]int, sockets)
			for i := range total {
				dial(t, network, "", "127.0.0.1", g.port(t))
				if i%100 == 99 {
					for place, n := range g.takeAll() {
						counts[place] += n
					}
				}
			}
			even := total / sockets
			for place, n := range counts {
				if n < even*9/10 || n > even*11/10 {
					t.Errorf("%s: of %d sockets, %d gets %d of %d", network, sockets, place, n, total)
				}
			}
		}
	}
}

// The kernel's choice by address is the one that is made in Go, among all sockets and among some.
func TestSteeredByAddress(t *testing.T) {
	for network, kind := range networks {
		for _, listens := range []string{"127.0.0.1", "::"} {
			g := newGroup(t, kind, listens, 4)
			for _, sockets := range []map[int]int{{0: 0, 1: 1, 2: 2, 3: 3}, {1: 1, 3: 3}, {2: 2}, {0: 3, 1: 1, 5: 0}} { // by place
				places := slices.Sorted(maps.Keys(sockets))
				var among []rendezvous.Choice
				for _, place := range places {
					among = append(among, rendezvous.Choice{Place: place, Socket: sockets[place]})
				}
				if err := g.Steer(rendezvous.ByAddress, among); err != nil {
					t.Fatal(err)
				}
				want := make([]int, 4)
				expect := func(from netip.Addr) {
					want[sockets[rendezvous.Choose(rendezvous.AddressKey(from), places)]]++
				}
				for i := range 60 {
					from := netip.AddrFrom4([4]byte{127, 1, 0, byte(i + 1)})
					dial(t, network, from.String(), "127.0.0.1", g.port(t))
					expect(from)
				}
				if listens == "::" {
					dial(t, network, "::1", "::1", g.port(t))
					expect(netip.MustParseAddr("::1"))
				}
				for socket, n := range g.takeAll() {
					if n != want[socket] {
						t.Errorf("%s on %s among %v: socket %d gets %d, want %d", network, listens, among, socket, n, want[socket])
					}
				}
			}
		}
	}
}

// By flow, connections of one client are spread too, and only over the places that are given.
func TestSteeredByFlow(t *testing.T) {
	for network, kind := range networks {
		for _, address := range []string{"127.0.0.1", "::1"} {
			g := newGroup(t, kind, address, 3)
			if err := g.Steer(rendezvous.ByFlow, []rendezvous.Choice{{Place: 0, Socket: 0}, {Place: 2, Socket: 2}}); err != nil {
				t.Fatal(err)
			}
			for range 200 {
				dial(t, network, "", address, g.port(t))
			}
			if got := g.takeAll(); got[1] != 0 || got[0] < 50 || got[0]+got[2] != 200 {
				t.Errorf("%s: %v", network, got)
			}
			if err := g.Spread(); err != nil {
				t.Fatal(err)
			}
			for range 200 {
				dial(t, network, "", address, g.port(t))
			}
			if got := g.takeAll(); got[1] < 30 {
				t.Errorf("%s: %v after the program is gone", network, got)
			}
		}
	}
}

// As many as a program can choose from, which is what the kernel takes.
func TestSteeredAmongMany(t *testing.T) {
	g := newGroup(t, unix.SOCK_STREAM, "127.0.0.1", rendezvous.MostPlaces)
	for _, by := range []rendezvous.By{rendezvous.ByAddress, rendezvous.ByFlow} {
		if err := g.Steer(by, allChoices); err != nil {
			t.Error(err)
		}
	}
}

// An address that somebody else listens on is not taken, though he would share it.
func TestAddressInUse(t *testing.T) {
	for network, kind := range networks {
		g := newGroup(t, kind, "127.0.0.1", 2)
		family, address := sockaddr(netip.MustParseAddr("127.0.0.1"), g.port(t))
		fd, err := unix.Socket(family, kind, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, address); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("%s: a second bind: %v", network, err)
		}
	}
}

func TestPathsHaveNoGroups(t *testing.T) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: t.TempDir() + "/socket"}); err != nil {
		t.Fatal(err)
	}
	if _, err := New(fd, 1); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a group of paths: %v", err)
	}
}
