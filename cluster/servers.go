package cluster

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
	self *Self
	key  string
	once sync.Once
}

// index gives a server its number.
func (s *Self) index(q *question) *index {
	key := q.place()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.indexes[key]
	if all == nil {
		all = &indexes{}
		s.indexes[key] = all
	}
	q.Index = wire.Value(all.next)
	all.next++
	all.used++
	return &index{self: s, key: key}
}

func (i *index) release() {
	i.once.Do(func() {
		s := i.self
		s.mu.Lock()
		defer s.mu.Unlock()
		if all := s.indexes[i.key]; all.used > 1 {
			all.used--
		} else {
			delete(s.indexes, i.key)
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
	self   *Self
	key    string
	index  *index
	server joined // nil before it is registered
	once   sync.Once
}

// serve begins a server: the worker's leaving waits for its end.
func (s *Self) serve(key string, i *index) *serverEnd {
	s.opened()
	return &serverEnd{self: s, key: key, index: i}
}

func (e *serverEnd) run() {
	e.once.Do(func() {
		s := e.self
		s.mu.Lock()
		delete(s.servers, e)
		if s.byKey[e.key] == e {
			delete(s.byKey, e.key)
		}
		s.mu.Unlock()
		e.index.release()
		s.tell(&wire.WorkerMessage{Act: wire.ActClose, Key: e.key}, nil)
		s.closed()
	})
}

// register makes a server known by its key, which a primary of Node 22 or later gives to two servers on one address.
// One that begins while the worker leaves is closed at once.
func (s *Self) register(end *serverEnd, server joined) {
	s.mu.Lock()
	end.server = server
	s.servers[end] = struct{}{}
	s.byKey[end.key] = end
	leaving := s.left || s.state == ProcessStateDisconnected
	s.mu.Unlock()
	if leaving {
		server.Close()
	}
}

// closeServers ends all servers, on which those who accept stop.
func (s *Self) closeServers() {
	s.mu.Lock()
	ends := slices.Collect(maps.Keys(s.servers))
	s.mu.Unlock()
	for _, end := range ends {
		end.server.Close()
	}
}
