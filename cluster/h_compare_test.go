//go:build unix

package cluster_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// place is what a comparison takes for itself: the same under Node's primary and under ours.
type place struct {
	port   int
	taken  int // a port on which somebody else listens
	folder string
	policy cluster.SchedulingPolicy
}

// takePort listens on a port until the test ends.
func takePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// listenCase is a server that two workers have, and where it may answer.
type listenCase struct {
	name      string
	options   map[string]any
	endpoints []string
}

// listenCases are all ways to listen but those of which the address is not known before.
func listenCases(p place) []listenCase {
	port := fmt.Sprint(p.port)
	internet := []string{"tcp4 127.0.0.1:" + port, "tcp6 [::1]:" + port}
	path := filepath.Join(p.folder, "socket")
	return []listenCase{
		{"unspecified", map[string]any{"port": p.port}, internet},
		{"IPv4", map[string]any{"port": p.port, "host": "127.0.0.1"}, internet},
		{"unspecified IPv4", map[string]any{"port": p.port, "host": "0.0.0.0"}, internet},
		{"IPv6", map[string]any{"port": p.port, "host": "::1"}, internet},
		{"dual stack", map[string]any{"port": p.port, "host": "::"}, internet},
		{"mapped IPv4", map[string]any{"port": p.port, "host": "::ffff:127.0.0.1"}, internet},
		{"IPv6 only", map[string]any{"port": p.port, "host": "::", "ipv6Only": true}, internet},
		{"unspecified IPv6 only", map[string]any{"port": p.port, "ipv6Only": true}, internet},
		{"name", map[string]any{"port": p.port, "host": "localhost"}, internet},
		{"port in a string", map[string]any{"port": port}, internet},
		{"backlog", map[string]any{"port": p.port, "backlog": 7}, internet},
		{"fractional backlog", map[string]any{"port": p.port, "backlog": 7.5}, internet},
		{"path", map[string]any{"path": path}, []string{"unix " + path}},
		{"path for all", map[string]any{"path": path, "readableAll": true, "writableAll": true}, []string{"unix " + path}},
		{"path for some", map[string]any{"path": path, "readableAll": 1, "writableAll": "no"}, []string{"unix " + path}},
	}
}

func (c *listenCase) reachable(t *testing.T, workers []int) (reachable []string) {
	t.Helper()
	for _, endpoint := range c.endpoints {
		network, address, _ := strings.Cut(endpoint, " ")
		conn, err := net.Dial(network, address)
		if err != nil {
			continue
		}
		conn.Close()
		if w := clustertest.WhoServes(t, network, address); !slices.Contains(workers, w) {
			t.Errorf("%s: worker %d serves %s", c.name, w, endpoint)
		}
		reachable = append(reachable, endpoint)
	}
	return reachable
}

// bound is what came of a UDP socket that two workers have, or one worker twice.
type bound struct {
	Name    string
	Answers []clustertest.Answer
	Address string
	Reached bool
}

func bindEverywhere(t *testing.T, d clustertest.Driver, p place) any {
	port := fmt.Sprint(p.port)
	cases := []struct {
		name     string
		socket   any
		options  any
		endpoint string
	}{
		{"IPv4", "udp4", map[string]any{"port": p.port, "address": "127.0.0.1"}, "udp4 127.0.0.1:" + port},
		{"unspecified IPv4", "udp4", map[string]any{"port": p.port}, "udp4 127.0.0.1:" + port},
		{"port in a string", "udp4", map[string]any{"port": port}, "udp4 127.0.0.1:" + port},
		{"IPv6", "udp6", map[string]any{"port": p.port, "address": "::1"}, "udp6 [::1]:" + port},
		{"dual stack", "udp6", map[string]any{"port": p.port}, "udp4 127.0.0.1:" + port},
		{"IPv6 only", map[string]any{"type": "udp6", "ipv6Only": true}, map[string]any{"port": p.port}, "udp6 [::1]:" + port},
		{"reused address", map[string]any{"type": "udp4", "reuseAddr": true}, map[string]any{"port": p.port}, "udp4 127.0.0.1:" + port},
		{"no address of this machine", "udp4", map[string]any{"port": p.port, "address": "192.0.2.1"}, ""},
	}
	var all []bound
	for _, c := range cases {
		result := bound{Name: c.name}
		for _, w := range []int{1, 2} {
			a := clustertest.AskAgent(t, d, w, clustertest.Command{"do": "bind", "socket": c.socket, "options": c.options})
			result.Answers = append(result.Answers, a)
		}
		if network, address, ok := strings.Cut(c.endpoint, " "); ok {
			answer := clustertest.AskUDP(t, network, address, c.name)
			result.Reached = answer == "1 "+c.name || answer == "2 "+c.name
			for _, w := range []int{1, 2} {
				clustertest.AskAgent(t, d, w, clustertest.Command{"do": "close", "name": "udp"})
			}
		}
		all = append(all, result)
	}
	second := bound{Name: "twice in one worker"}
	for _, name := range []string{"udp", "udp2"} {
		second.Answers = append(second.Answers, clustertest.AskAgent(t, d, 1, clustertest.Command{
			"do": "bind", "name": name, "socket": "udp4", "options": map[string]any{"port": p.port},
		}))
	}
	clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "close", "name": "udp"})
	return append(all, second)
}

// listeningFile is a listening socket as a descriptor to inherit.
func listeningFile(t *testing.T) (*os.File, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, l.Addr().(*net.TCPAddr).Port
}
