package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// A server is an entry of the primary's handle table: a socket that servers in workers listen on. All methods of the files server*.go
// run on the primary's loop.
type server interface {
	// join gives a worker a membership. A worker on standby gets nothing by it, or the error is errStandby. It completes the reply to the
	// worker, and returns the handle that goes with that, if any.
	join(*Worker, *wire.ServerReply) (membership, *handlewrap.Handle, error)
	// base returns what every kind of server has.
	base() *serverBase
	// waiting returns how many connections wait for a worker, as far as the system tells.
	waiting() int
	// lastCall accepts what waits in the sockets, and closes them. The members, which are given, get the connections. When that is
	// done, idle is called on the loop.
	lastCall(members map[*Worker]membership, idle func())
	// close ends a server without members, and closes the sockets if lastCall has not.
	close()
}

// A membership is a worker's part in a server.
type membership interface {
	server() server
	// retire has the worker get no more. Of a socket that it has it may take what has come, until leave is called.
	retire()
	// leave ends the membership: the worker takes nothing any more. It may come without retire.
	leave()
	// activate ends the standby of a worker that has joined in it.
	activate()
	// retry is called when the worker's channel has room again.
	retry()
	// suspend has the worker get no connections, or get them again. Its error says that this cannot be.
	suspend(suspended bool) error
}

type serverBase struct {
	key       string
	at        Address // as the workers that are members say it
	place     string  // of which there is one socket
	options   wire.SocketOptions
	listenFDs []int // those of the settings that it listens on because a worker has asked for their address
	data      json.RawMessage
	workers   int       // that have a membership
	claims    int       // for workers to come
	since     time.Time // when the last membership ended
	isLast    bool      // its last call was made
	closed    bool
}

func (b *serverBase) base() *serverBase { return b }

// queryServer handles the question of a worker that wants to listen.
func (w *Worker) queryServer(m *wire.FromWorker) {
	if err := checkServer(m); err != nil {
		w.fail(err)
		return
	}
	w.answerOrKeep(m)
}

func (w *Worker) answerQuery(m *wire.FromWorker) {
	if w.onLoop.drain.stage != staying || w.life.now() > listening {
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
	if errors.Is(err, bind.ErrReleased) && w.answerLater(m) {
		return
	}
	if errors.Is(err, errStandby) {
		w.keepPending(m)
		return
	}
	switch {
	case err == nil:
		w.onLoop.adoption.serves(key)
	case w.onLoop.adoption.passOn(m):
		return
	default:
		errno := -int(errnoOf(err))
		reply.Errno = &errno
		w.listenFailed(&m.Server, err)
	}
	if reply.Data == nil {
		reply.Data = json.RawMessage("null")
	}
	w.postHandle(reply, handle)
}

// A port that was closed a moment ago is tried again after retryPause. A worker may have so many questions that wait for that.
const (
	retryPause = 2 * time.Millisecond
	maxRetries = 16
)

// answerLater answers a question in a moment, unless too many of the worker's wait for that. It reports whether it will.
func (w *Worker) answerLater(m *wire.FromWorker) bool {
	if w.onLoop.retries == maxRetries {
		return false
	}
	w.onLoop.retries++
	p := w.primary
	time.AfterFunc(retryPause, func() {
		p.loop.Post(func() {
			w.onLoop.retries--
			w.answerQuery(m)
		})
	})
	return true
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
	if port := wire.Integer(m.Port, 0); port > 0 && port < w.minPort && !w.primary.isOffered(key, m) {
		return nil, syscall.EACCES
	}
	s, err := w.primary.serverFor(key, m, w)
	if err != nil {
		return nil, err
	}
	membership, handle, err := s.join(w, reply)
	if err != nil {
		w.primary.closeUnused(s)
		return nil, err
	}
	base := s.base()
	if wire.IsNull(base.data) {
		base.data = m.Data
	}
	reply.Data = base.data
	w.onLoop.memberships[key] = membership
	w.onLoop.costs[key] = cost
	w.onLoop.kept += cost
	base.workers++
	w.unclaim(s)
	return handle, nil
}

// leave ends a worker's membership of a server that the worker has closed. If that was the last, it closes the server, or holds it
// for a moment: the worker may be about to leave.
func (w *Worker) leave(key string) {
	if m := w.onLoop.retired[key]; m != nil {
		delete(w.onLoop.retired, key)
		m.leave()
	}
	m := w.onLoop.memberships[key]
	if m == nil {
		return
	}
	w.end(key, m)
	if w.primary.holdsFor(w, true) && !m.server().base().isLast {
		w.claim(m.server(), time.Now().Add(w.primary.onLoop.graces.closing))
		w.expireClaims(time.Now())
	}
	w.primary.closeUnused(m.server())
}

// leaveAll ends all memberships of a worker that has ended.
func (w *Worker) leaveAll() {
	w.endAll(w.end)
	for key, m := range w.onLoop.retired {
		delete(w.onLoop.retired, key)
		m.leave()
	}
}

// retireAll has a worker that has drained, or leaves by itself, get no more.
func (w *Worker) retireAll() { w.endAll(w.retireFrom) }

// endAll ends all memberships in a way. It closes servers that have no other member, unless the primary holds them for workers to come.
func (w *Worker) endAll(end func(key string, m membership)) {
	hold := w.primary.holdsFor(w, w.left.Load())
	for key, m := range w.onLoop.memberships {
		end(key, m)
		if hold && !m.server().base().isLast {
			w.claim(m.server(), time.Time{})
		}
		w.primary.closeUnused(m.server())
	}
}

// retire ends the memberships of a worker that is asked to leave: it gets no more. But of a server that nobody is left for, it makes the
// last call: then the worker stays a member until what clients have sent so far is dealt out.
func (w *Worker) retire() {
	hold := w.primary.holdsFor(w, true)
	for key, m := range w.onLoop.memberships {
		switch s := m.server(); {
		case s.base().isLast:
		case w.IsStandby():
			w.retireFrom(key, m)
			w.primary.closeUnused(s)
		case hold:
			w.retireFrom(key, m)
			w.claim(s, time.Time{})
		case w.primary.isHeld(s) || w.primary.hasStaying(s):
			w.retireFrom(key, m)
		default:
			w.primary.makeLastCall(s)
		}
	}
}

// membershipBefore returns the membership of the worker whose place this one is to take, nil if there is none.
func (w *Worker) membershipBefore(key string) membership {
	if w.onLoop.before == nil {
		return nil
	}
	return w.onLoop.before.onLoop.memberships[key]
}

// members returns those of a server.
func (p *Primary) members(s server) map[*Worker]membership {
	members := map[*Worker]membership{}
	for _, w := range p.onLoop.workers {
		if w.isMember(s) {
			members[w] = w.onLoop.memberships[s.base().key]
		}
	}
	return members
}

// hasStaying reports whether a server has a member that was not asked to leave.
func (p *Primary) hasStaying(s server) bool {
	for _, w := range p.onLoop.workers {
		if w.onLoop.drain.stage == staying && w.isMember(s) {
			return true
		}
	}
	return false
}

func (w *Worker) isMember(s server) bool {
	m := w.onLoop.memberships[s.base().key]
	return m != nil && m.server() == s
}

// makeLastCall ends a server whose members all leave. What clients have sent so far is dealt out first.
func (p *Primary) makeLastCall(s server) {
	b := s.base()
	b.isLast = true
	delete(p.onLoop.servers, b.key)
	members := p.members(s)
	for w := range members {
		w.suspend(false) // there is nobody else for what waits
	}
	s.lastCall(members, func() {
		for w, m := range members {
			if w.onLoop.memberships[b.key] == m {
				w.end(b.key, m)
				w.drainOn()
			}
		}
		p.closeServer(s)
	})
}

// end ends a membership of a worker that takes nothing any more.
func (w *Worker) end(key string, m membership) {
	w.forget(key, m)
	m.leave()
}

// retireFrom ends a membership, but for what the worker takes from a socket that it has.
func (w *Worker) retireFrom(key string, m membership) {
	w.forget(key, m)
	w.onLoop.retired[key] = m
	m.retire()
}

// forget takes a membership off those that the worker has.
func (w *Worker) forget(key string, m membership) {
	w.onLoop.kept -= w.onLoop.costs[key]
	delete(w.onLoop.costs, key)
	delete(w.onLoop.memberships, key)
	base := m.server().base()
	base.workers--
	base.since = time.Now()
}

func (p *Primary) closeServer(s server) {
	b := s.base()
	if b.closed {
		return
	}
	b.closed = true
	if p.onLoop.servers[b.key] == s {
		delete(p.onLoop.servers, b.key)
	}
	s.close()
}

// errnoOf returns the system's error that err wraps, or EINVAL.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EINVAL
}
