//go:build unix

package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

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
