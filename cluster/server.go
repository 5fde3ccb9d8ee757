package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
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
	place   string // of which there is one socket
	options wire.SocketOptions
	data    json.RawMessage
	workers int       // that have a membership
	claims  int       // for workers to come
	since   time.Time // when the last membership ended
}

func (b *serverBase) base() *serverBase { return b }

// maxServers is how many servers a worker may have. It bounds the descriptors that a worker can use up.
const maxServers = 4096

// Bounds on the data of a server, which the primary keeps and sends to every worker of the server. Node puts TLS ticket keys there,
// 96 digits in an object. Data that are nested too deep cannot be sent, which would end the channel of each further worker.
const (
	maxData      = 64 << 10
	maxDataDepth = 100
)

// queryServer handles the question of a worker that wants to listen.
func (w *Worker) queryServer(m *wire.FromWorker) {
	if len(m.Data) > maxData {
		w.fail(fmt.Errorf("%w: a server with data of %d bytes", nodeipc.ErrProtocol, len(m.Data)))
		return
	}
	if wire.IsDeeper(m.Data, maxDataDepth) {
		w.fail(fmt.Errorf("%w: a server with data nested deeper than %d levels", nodeipc.ErrProtocol, maxDataDepth))
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
	if len(w.onLoop.memberships) >= maxServers {
		return nil, syscall.EMFILE
	}
	s, err := w.primary.serverFor(key, m)
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
	base.workers++
	w.unclaim(s)
	return handle, nil
}

// leave ends a worker's membership of a server that the worker has closed. If that was the last, it closes the server, or holds it
// for a moment: the worker may be about to leave.
func (w *Worker) leave(key string) {
	m := w.onLoop.memberships[key]
	if m == nil {
		return
	}
	w.end(key, m)
	if w.primary.holdsFor(w, true) {
		w.claim(m.server(), time.Now().Add(w.primary.onLoop.graces.closing))
		w.expireClaims(time.Now())
	}
	w.primary.closeUnused(m.server())
}

// leaveAll ends all memberships of a worker that ends, or is asked to leave. It closes servers that have no other member, unless the
// primary holds them for workers to come.
func (w *Worker) leaveAll() {
	hold := w.primary.holdsFor(w, w.left.Load())
	for key, m := range w.onLoop.memberships {
		w.end(key, m)
		if hold {
			w.claim(m.server(), time.Time{})
		}
		w.primary.closeUnused(m.server())
	}
}

func (w *Worker) end(key string, m membership) {
	delete(w.onLoop.memberships, key)
	base := m.server().base()
	base.workers--
	base.since = time.Now()
	m.leave()
}

func (p *Primary) closeServer(s server) {
	delete(p.onLoop.servers, s.base().key)
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
