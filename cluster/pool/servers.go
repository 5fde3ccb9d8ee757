package pool

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
)

// servers are the addresses on which a worker has listened.
type servers map[cluster.Address]bool

// sorted are the addresses by their text.
func (s servers) sorted() []cluster.Address {
	return slices.SortedFunc(maps.Keys(s), func(a, b cluster.Address) int { return strings.Compare(a.String(), b.String()) })
}

// maxServers is how many a worker is known to have: it may listen on any number.
const maxServers = 1024

func (t *tenant) hasListened(on cluster.Address) {
	if t.listens == nil {
		t.listens, t.boot = servers{}, time.Since(t.since)
		if m, err := usage.Read(t.worker.Pid()); err == nil {
			t.fresh = m.Own
		}
	}
	if len(t.listens) < maxServers {
		t.listens[on] = true
	}
}

// expected is what a successor is to listen on.
type expected struct {
	servers servers
	number  int // of all its servers
}

// expects is what a successor in a place is to listen on: all that several workers of its program have listened on, and on as many
// servers as the worker before it. Where there is no second worker to compare with, that is all of what that worker has listened on.
// In a new place it is to have one server at least, if other workers have any.
func (p *Pool) expects(place *place) expected {
	places, counts := 0, map[cluster.Address]int{}
	for _, other := range p.places {
		if other.program == place.program && len(other.known()) > 0 {
			places++
			for address := range other.known() {
				counts[address]++
			}
		}
	}
	own := place.known()
	if places == 1 && len(own) > 0 {
		return expected{own, len(own)}
	}
	e := expected{servers{}, max(len(own), min(places, 1))}
	for address, n := range counts {
		if n > 1 {
			e.servers[address] = true
		}
	}
	return e
}

// known are the servers of the place's worker, or of the one before it if it has none yet.
func (p *place) known() servers {
	if len(p.listens) > 0 {
		return p.listens
	}
	return p.servers
}

// missing are the servers that a worker with some does not have, as words, and "" if there are enough of them.
func (e expected) missing(has servers) string {
	var missing []string
	for address := range e.servers {
		if !has[address] {
			missing = append(missing, nameOf(address))
		}
	}
	slices.Sort(missing)
	switch {
	case len(missing) > 0:
		return "listen on " + strings.Join(missing, " and ")
	case len(has) < e.number:
		return "listen on as many servers as the worker before it"
	}
	return ""
}

// nameOf is an address for people.
func nameOf(a cluster.Address) string {
	text := a.String()
	if a.Address == "" && a.Port >= 0 {
		text = "port" + strings.Replace(text, ":", " ", 1)
	}
	if a.Network() == "udp" {
		text += " (udp)"
	}
	return text
}
