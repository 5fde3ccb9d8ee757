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

// serverEnd is what the end of a server brings with it, once.
type serverEnd struct {
	process *Process
	key     string
	index   *index
	server  joined // nil before it is registered
	once    sync.Once
}

// serve begins a server: the worker's leaving waits for its end.
func (p *Process) serve(key string, i *index) *serverEnd {
	p.opened()
	return &serverEnd{process: p, key: key, index: i}
}

func (e *serverEnd) run() {
	e.once.Do(func() {
		p := e.process
		p.mu.Lock()
		delete(p.servers, e)
		if p.byKey[e.key] == e {
			delete(p.byKey, e.key)
		}
		p.mu.Unlock()
		e.index.release()
		p.tell(&wire.WorkerMessage{Act: wire.ActClose, Key: e.key}, nil)
		p.closed()
	})
}

// register makes a server known by its key, which a primary of Node 22 or later gives to two servers on one address.
// One that begins while the worker leaves is closed at once.
func (p *Process) register(end *serverEnd, server joined) {
	p.mu.Lock()
	end.server = server
	p.servers[end] = struct{}{}
	p.byKey[end.key] = end
	leaving := p.left || p.state == StateDisconnected
	p.mu.Unlock()
	if leaving {
		server.Close()
	}
}

// closeServers ends all servers, on which those who accept stop.
func (p *Process) closeServers() {
	p.mu.Lock()
	ends := slices.Collect(maps.Keys(p.servers))
	p.mu.Unlock()
	for _, end := range ends {
		end.server.Close()
	}
}
