package worker

import (
	"encoding/json"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
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

// server is what listens in this worker.
type server interface {
	// offer takes a connection that the primary has dispatched, or rejects it.
	offer(seq json.RawMessage, connection *handlewrap.Handle)
	// drain has no more connections come. Those that were not accepted go back to the primary.
	drain()
	Close() error
}

// registration is a server as the process and its primary know it.
type registration struct {
	process   *Process
	key       string
	index     *index // nil in a process that runs alone
	server    server // nil before it is registered
	withdrawn bool   // the process's mu guards it
}

// newRegistration is for a server that is about to listen: the worker's leaving waits for its end.
func (p *Process) newRegistration(key string, i *index) *registration {
	p.countOpen()
	return &registration{process: p, key: key, index: i}
}

// withdraw tells the primary, the first time, to send the server no more connections.
func (r *registration) withdraw() {
	p := r.process
	p.mu.Lock()
	withdrawn := r.withdrawn
	r.withdrawn = true
	if p.byKey[r.key] == r {
		delete(p.byKey, r.key)
	}
	p.mu.Unlock()
	if withdrawn {
		return
	}
	if p.channel != nil {
		r.index.release()
		p.tell(&wire.WorkerMessage{Act: wire.ActClose, Key: r.key}, nil)
	}
	p.countClosed()
}

// close is for a server that is closed.
func (r *registration) close() {
	r.withdraw()
	p := r.process
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.servers, r)
}

// register makes a server known by its key, which a primary of Node 22 or later gives to two servers on one address. A
// server that begins while the worker leaves gets no connections.
func (p *Process) register(r *registration, s server) {
	p.mu.Lock()
	r.server = s
	p.servers[r] = struct{}{}
	p.byKey[r.key] = r
	leaving, graceOver := p.grace.timer != nil, p.grace.over
	p.mu.Unlock()
	switch {
	case graceOver:
		s.Close()
	case leaving:
		s.drain()
	}
}

// openServers are those that the program has not closed. p.mu is held.
func (p *Process) openServers() (all []server) {
	for r := range p.servers {
		all = append(all, r.server)
	}
	return all
}
