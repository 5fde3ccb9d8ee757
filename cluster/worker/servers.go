package worker

import (
	"maps"
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// indexes tell a worker's servers on one address apart.
type indexes struct {
	next int
	used int
}

// index is a server's number among those of its worker on one address.
type index struct {
	process *Process
	key     string
	once    sync.Once
}

// index gives a server its number.
func (p *Process) index(q *question) *index {
	key := q.place()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.indexes[key]
	if all == nil {
		all = &indexes{}
		p.indexes[key] = all
	}
	q.Index = wire.Value(all.next)
	all.next++
	all.used++
	return &index{process: p, key: key}
}

func (i *index) release() {
	i.once.Do(func() {
		p := i.process
		p.mu.Lock()
		defer p.mu.Unlock()
		if all := p.indexes[i.key]; all.used > 1 {
			all.used--
		} else {
			delete(p.indexes, i.key)
		}
	})
}

// place names the address that a server wants.
func (q *question) place() string {
	key := wire.TextOrEmpty(q.Address) + ":" + wire.Text(q.Port)
	if q.IsPacket() {
		key += ":" + wire.Text(q.AddressType)
	}
	return key + ":" + wire.Text(q.FD)
}

// registration is a server as the primary knows it.
type registration struct {
	process *Process
	key     string
	index   *index
	server  server // nil before it is registered
	once    sync.Once
}

// newRegistration is for a server that the primary has just made known by a key: the worker's leaving waits for its end.
func (p *Process) newRegistration(key string, i *index) *registration {
	p.countOpen()
	return &registration{process: p, key: key, index: i}
}

// close tells the primary, the first time, that the server is closed.
func (r *registration) close() {
	r.once.Do(func() {
		p := r.process
		p.mu.Lock()
		delete(p.servers, r)
		if p.byKey[r.key] == r {
			delete(p.byKey, r.key)
		}
		p.mu.Unlock()
		r.index.release()
		p.tell(&wire.WorkerMessage{Act: wire.ActClose, Key: r.key}, nil)
		p.countClosed()
	})
}

// register makes a server known by its key, which a primary of Node 22 or later gives to two servers on one address.
// One that begins while the worker leaves is closed at once.
func (p *Process) register(r *registration, s server) {
	p.mu.Lock()
	r.server = s
	p.servers[r] = struct{}{}
	p.byKey[r.key] = r
	leaving := p.left || p.state == StateDisconnected
	p.mu.Unlock()
	if leaving {
		s.Close()
	}
}

// closeServers closes all servers, on which those who accept stop.
func (p *Process) closeServers() {
	p.mu.Lock()
	all := slices.Collect(maps.Keys(p.servers))
	p.mu.Unlock()
	for _, r := range all {
		r.server.Close()
	}
}
