//go:build unix

package cluster_test

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

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

// listened is what came of a listenCase.
type listened struct {
	Name    string
	Answers []clustertest.Answer
	Events  []clustertest.Occurrence
	// Reachable are the endpoints where a worker answers.
	Reachable []string
}

func listenEverywhere(t *testing.T, d clustertest.Driver, p place) any {
	var all []listened
	workers := []int{1, 2}
	for _, c := range listenCases(p) {
		before := len(d.Book().All())
		result := listened{Name: c.name}
		for _, w := range workers {
			a := clustertest.AskAgent(t, d, w, clustertest.Command{"do": "listen", "options": c.options})
			result.Answers = append(result.Answers, a)
			if a.Error != nil {
				continue
			}
			result.Events = append(result.Events, d.Book().Await(t, "listening", func(o clustertest.Occurrence) bool {
				return o.Event == "listening" && o.Worker == w && !contains(d.Book().All()[:before], o)
			}))
		}
		result.Reachable = c.reachable(t, workers)
		for _, w := range workers {
			clustertest.AskAgent(t, d, w, clustertest.Command{"do": "close"})
		}
		all = append(all, result)
	}
	return all
}

func contains(list []clustertest.Occurrence, o clustertest.Occurrence) bool {
	for _, have := range list {
		if have.Address == o.Address && have.Event == o.Event {
			return true
		}
	}
	return false
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
