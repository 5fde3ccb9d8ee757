package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// A server is an entry of the primary's handle table: a socket that servers in workers listen on. All methods of the files server*.go
// run on the primary's loop.
type server interface {
	// join gives a worker a membership. It completes the reply to the worker, and returns the handle that goes with that, if any.
	join(*Worker, *wire.ServerReply) (membership, *handlewrap.Handle, error)
	// base returns what every kind of server has.
	base() *serverBase
	close()
}

// A membership is a worker's part in a server.
type membership interface {
	server() server
	// leave ends the membership.
	leave()
	// retry is called when the worker's channel has room again.
	retry()
}

type serverBase struct {
	key     string
	data    json.RawMessage
	workers int // that have a membership
}

func (b *serverBase) base() *serverBase { return b }

// queryServer handles the question of a worker that wants to listen.
func (w *Worker) queryServer(m *wire.FromWorker) {
	if err := checkServer(m); err != nil {
		w.fail(err)
		return
	}
	if w.identify(); w.isIdentified() {
		w.answerQuery(m)
	} else {
		w.keepQuestion(m)
	}
}

func (w *Worker) answerQuery(m *wire.FromWorker) {
	if w.left.Load() || w.life.now() > listening {
		return
	}
	key := m.Server.Key()
	if w.onLoop.memberships[key] != nil {
		// A worker's second server on one address needs a key of its own: no Node takes a shared handle for a key
		// that it has already. Up to Node 20 the index is in every key, and that is done here for all versions.
		key += ":" + wire.Text(m.Index)
	}
	reply := &wire.ServerReply{Command: wire.Command, Key: key, Ack: m.Seq, Data: m.Data, Seq: w.primary.nextSeq()}
	handle, err := w.joinServer(key, m, reply)
	if err != nil {
		errno := -int(errnoOf(err))
		reply.Errno = &errno
		w.listenFailed(&m.Server, err)
	}
	if reply.Data == nil {
		reply.Data = json.RawMessage("null")
	}
	w.postHandle(reply, handle)
}

// listenFailed tells the program why a worker cannot listen.
func (w *Worker) listenFailed(s *wire.Server, err error) {
	if errno := syscall.Errno(0); !errors.As(err, &errno) {
		err = fmt.Errorf("%w: %w", errnoOf(err), err)
	}
	e := ListenErrorEvent{w, addressFrom(s), fmt.Errorf("listen on %s: %w", s, err)}
	w.primary.events.emitFor(w, e, e.Address.size()+len(e.Err.Error()))
}

// joinServer makes the worker a member of the server with this key. If there is none, it makes the server.
func (w *Worker) joinServer(key string, m *wire.FromWorker, reply *wire.ServerReply) (*handlewrap.Handle, error) {
	if w.onLoop.memberships[key] != nil {
		return nil, syscall.EADDRINUSE
	}
	cost := costOf(key, m)
	if err := w.mayListen(cost); err != nil {
		return nil, err
	}
	s, found := w.primary.onLoop.servers[key]
	if !found {
		var err error
		if s, err = w.primary.newServer(key, m); err != nil {
			return nil, err
		}
	}
	membership, handle, err := s.join(w, reply)
	if err != nil {
		if !found {
			s.close()
		}
		return nil, err
	}
	base := s.base()
	if wire.IsNull(base.data) {
		base.data = m.Data
	}
	reply.Data = base.data
	w.primary.onLoop.servers[key] = s
	w.onLoop.memberships[key] = membership
	w.onLoop.costs[key] = cost
	w.onLoop.kept += cost
	base.workers++
	return handle, nil
}

// leave ends a worker's membership of one server. If that was the last, it closes the server.
func (w *Worker) leave(key string) {
	if m := w.onLoop.memberships[key]; m != nil {
		w.end(key, m)
		if s := m.server(); s.base().workers == 0 {
			w.primary.closeServer(s)
		}
	}
}

// leaveAll ends all memberships of a worker that ends, or is asked to leave. It closes servers that have no other member, unless the
// primary holds them for workers to come.
func (w *Worker) leaveAll() {
	for key, m := range w.onLoop.memberships {
		w.end(key, m)
		if s := m.server(); s.base().workers == 0 && !w.primary.holding() {
			w.primary.closeServer(s)
		}
	}
}

func (w *Worker) end(key string, m membership) {
	w.onLoop.kept -= w.onLoop.costs[key]
	delete(w.onLoop.costs, key)
	delete(w.onLoop.memberships, key)
	m.server().base().workers--
	m.leave()
}

func (p *Primary) closeServer(s server) {
	delete(p.onLoop.servers, s.base().key)
	s.close()
}

// closeServers closes the servers that the primary holds for workers to come.
func (p *Primary) closeServers() {
	for _, s := range p.onLoop.servers {
		p.closeServer(s)
	}
}

// errnoOf returns the system's error that err wraps, or EINVAL.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EINVAL
}
