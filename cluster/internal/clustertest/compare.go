//go:build unix

package clustertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// Place is what a comparison takes for itself: the same under Node's primary and under ours.
type Place struct {
	Port   int
	Taken  int // a port on which somebody else listens
	Folder string
	Policy cluster.SchedulingPolicy
}

// TakePort listens on a port until the test ends.
func TakePort(t testing.TB) int {
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
	Name      string
	Options   map[string]any
	Endpoints []string
}

// ListenCases are all ways to listen but those of which the address is not known before.
func ListenCases(p Place) []listenCase {
	port := fmt.Sprint(p.Port)
	internet := []string{"tcp4 127.0.0.1:" + port, "tcp6 [::1]:" + port}
	path := filepath.Join(p.Folder, "socket")
	return []listenCase{
		{"unspecified", map[string]any{"port": p.Port}, internet},
		{"IPv4", map[string]any{"port": p.Port, "host": "127.0.0.1"}, internet},
		{"unspecified IPv4", map[string]any{"port": p.Port, "host": "0.0.0.0"}, internet},
		{"IPv6", map[string]any{"port": p.Port, "host": "::1"}, internet},
		{"dual stack", map[string]any{"port": p.Port, "host": "::"}, internet},
		{"mapped IPv4", map[string]any{"port": p.Port, "host": "::ffff:127.0.0.1"}, internet},
		{"IPv6 only", map[string]any{"port": p.Port, "host": "::", "ipv6Only": true}, internet},
		{"unspecified IPv6 only", map[string]any{"port": p.Port, "ipv6Only": true}, internet},
		{"name", map[string]any{"port": p.Port, "host": "localhost"}, internet},
		{"port in a string", map[string]any{"port": port}, internet},
		{"backlog", map[string]any{"port": p.Port, "backlog": 7}, internet},
		{"fractional backlog", map[string]any{"port": p.Port, "backlog": 7.5}, internet},
		{"path", map[string]any{"path": path}, []string{"unix " + path}},
		{"path for all", map[string]any{"path": path, "readableAll": true, "writableAll": true}, []string{"unix " + path}},
		{"path for some", map[string]any{"path": path, "readableAll": 1, "writableAll": "no"}, []string{"unix " + path}},
	}
}

func (c *listenCase) Reachable(t *testing.T, workers []int) (reachable []string) {
	t.Helper()
	for _, endpoint := range c.Endpoints {
		network, address, _ := strings.Cut(endpoint, " ")
		conn, err := net.Dial(network, address)
		if err != nil {
			continue
		}
		conn.Close()
		if w := WhoServes(t, network, address); !slices.Contains(workers, w) {
			t.Errorf("%s: worker %d serves %s", c.Name, w, endpoint)
		}
		reachable = append(reachable, endpoint)
	}
	return reachable
}

// Bound is what came of a UDP socket that two workers have, or one worker twice.
type Bound struct {
	Name    string
	Answers []Answer
	Address string
	Reached bool
}

func BindEverywhere(t *testing.T, d Driver, p Place) any {
	port := fmt.Sprint(p.Port)
	cases := []struct {
		name     string
		socket   any
		options  any
		endpoint string
	}{
		{"IPv4", "udp4", map[string]any{"port": p.Port, "address": "127.0.0.1"}, "udp4 127.0.0.1:" + port},
		{"unspecified IPv4", "udp4", map[string]any{"port": p.Port}, "udp4 127.0.0.1:" + port},
		{"port in a string", "udp4", map[string]any{"port": port}, "udp4 127.0.0.1:" + port},
		{"IPv6", "udp6", map[string]any{"port": p.Port, "address": "::1"}, "udp6 [::1]:" + port},
		{"dual stack", "udp6", map[string]any{"port": p.Port}, "udp4 127.0.0.1:" + port},
		{"IPv6 only", map[string]any{"type": "udp6", "ipv6Only": true}, map[string]any{"port": p.Port}, "udp6 [::1]:" + port},
		{"reused address", map[string]any{"type": "udp4", "reuseAddr": true}, map[string]any{"port": p.Port}, "udp4 127.0.0.1:" + port},
		{"no address of this machine", "udp4", map[string]any{"port": p.Port, "address": "192.0.2.1"}, ""},
	}
	var all []Bound
	for _, c := range cases {
		result := Bound{Name: c.name}
		for _, w := range []int{1, 2} {
			a := AskAgent(t, d, w, Command{"do": "bind", "socket": c.socket, "options": c.options})
			result.Answers = append(result.Answers, a)
		}
		if network, address, ok := strings.Cut(c.endpoint, " "); ok {
			answer := AskUDP(t, network, address, c.name)
			result.Reached = answer == "1 "+c.name || answer == "2 "+c.name
			for _, w := range []int{1, 2} {
				AskAgent(t, d, w, Command{"do": "close", "name": "udp"})
			}
		}
		all = append(all, result)
	}
	second := Bound{Name: "twice in one worker"}
	for _, name := range []string{"udp", "udp2"} {
		second.Answers = append(second.Answers, AskAgent(t, d, 1, Command{
			"do": "bind", "name": name, "socket": "udp4", "options": map[string]any{"port": p.Port},
		}))
	}
	AskAgent(t, d, 1, Command{"do": "close", "name": "udp"})
	return append(all, second)
}

// ListeningFile is a listening socket as a descriptor to inherit.
func ListeningFile(t *testing.T) (*os.File, int) {
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
