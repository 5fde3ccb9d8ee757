package egg

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

const (
	// stickyMessage is what comes with a connection, and tells Egg's app worker that it is one.
	stickyMessage = "sticky-session:connection"
	// maxClients is how many connections wait for one app worker. Further ones are closed, so that one that does not go on keeps nobody else waiting.
	maxClients = 1024
	// acceptPause is how long to wait where the system accepts nothing for now.
	acceptPause = 10 * time.Millisecond
)

// sticky accepts connections and hands each to the app worker of one place, which the client's address decides, or what its first bytes say. A
// client comes to the successor of its worker, and waits for it; to another one where that does not start.
type sticky struct {
	listener net.Listener
	unread   *firstBytes // nil where the address decides
	key      string      // by which Node counts the sockets that a worker has
	ctx      context.Context
	routines sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	places  []*stickyPlace
	closed  bool
}

// stickyPlace is the clients of one place.
type stickyPlace struct {
	clients chan stickyClient
	worker  *appWorker // nil while there is none
	waits   bool       // its successor is on its way
}

// stickyClient is a connection and the key that decides its place.
type stickyClient struct {
	*handlewrap.Handle
	key uint32
}

// openSticky listens on all addresses.
func (m *Master) openSticky(port int) (int, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // which Node's own sockets are not either
	l, err := config.Listen(m.ctx, "tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	s := &sticky{listener: l, key: "6::::" + strconv.Itoa(port), ctx: m.ctx}
	s.changed = sync.NewCond(&s.mu)
	if m.find != nil {
		s.unread = newFirstBytes(m.find)
	}
	for range m.options.workers {
		p := &stickyPlace{clients: make(chan stickyClient, maxClients), waits: true}
		s.places = append(s.places, p)
		s.routines.Go(func() { s.handOut(p) })
	}
	s.routines.Go(s.accept)
	m.sticky = s
	return port, nil
}

// serve has the app worker of a place get connections.
func (m *Master) serve(index int, p appProcess) {
	if m.sticky != nil {
		m.sticky.set(index, p.(*appWorker), true)
	}
}

// vacate is for a place that has no app worker. waits says whether its clients wait for the successor.
func (m *Master) vacate(index int, waits bool) {
	if m.sticky != nil {
		m.sticky.set(index, nil, waits)
	}
}

func (s *sticky) set(index int, w *appWorker, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[index].worker, s.places[index].waits = w, waits
	s.changed.Broadcast()
}

// dismiss has clients of a worker that leaves wait for its successor, or for the end.
func (s *sticky) dismiss(w *appWorker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.places {
		if p.worker == w {
			p.worker, p.waits = nil, true
		}
	}
}

// close ends it, with the connections that have no worker yet.
func (s *sticky) close() {
	s.listener.Close()
	if s.unread != nil {
		s.unread.hurry()
	}
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	for _, p := range s.places {
		close(p.clients)
	}
	s.mu.Unlock()
	s.routines.Wait()
}

func (s *sticky) accept() {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause) // nothing tells when the system has descriptors again
			continue
		}
		if s.unread == nil {
			s.admit(conn, addressKey(conn))
			continue
		}
		w := s.unread.add(conn.(*net.TCPConn))
		s.routines.Go(func() {
			key, ok := s.unread.await(w)
			if !ok {
				key = addressKey(conn)
			}
			s.admit(conn, key)
		})
	}
}

func addressKey(conn net.Conn) uint32 {
	return rendezvous.AddressKey(conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
}

// admit has a connection that was accepted be handed out.
func (s *sticky) admit(conn net.Conn, key uint32) {
	h, err := handlewrap.FromConn(conn)
	conn.Close()
	if err == nil {
		s.dispatch(stickyClient{h, key})
	}
}

// dispatch gives a connection its place.
func (s *sticky) dispatch(c stickyClient) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return
	}
	select {
	case s.places[s.choose(c.key)].clients <- c:
	default:
		c.Close()
	}
}

// choose is the place of a key, among those that have a worker or are about to, or among all if none does. The caller holds mu.
func (s *sticky) choose(key uint32) int {
	var open, all []int
	for i, p := range s.places {
		all = append(all, i)
		if p.isOpen() {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		open = all
	}
	return rendezvous.Choose(key, open)
}

func (p *stickyPlace) isOpen() bool { return p.worker != nil || p.waits }

// handOut gives the clients of a place to its worker, one after the other.
func (s *sticky) handOut(p *stickyPlace) {
	for c := range p.clients {
		for {
			w, elsewhere := s.await(p)
			if elsewhere {
				s.dispatch(c)
				break
			}
			if w == nil || s.give(w, c.Handle) {
				c.Close()
				break
			}
		}
	}
}

// await is the worker of a place once it has one, nil at the end. elsewhere reports that it is not to be expected, while others are.
func (s *sticky) await(p *stickyPlace) (w *appWorker, elsewhere bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed {
		switch {
		case p.worker != nil && p.worker.IsConnected():
			p.worker.hasClients.Store(true)
			return p.worker, false
		case !p.isOpen() && s.hasOpen():
			return nil, true
		}
		s.changed.Wait()
	}
	return nil, false
}

// hasOpen reports whether a place has a worker, or is about to. The caller holds mu.
func (s *sticky) hasOpen() bool {
	for _, p := range s.places {
		if p.isOpen() {
			return true
		}
	}
	return false
}

// give sends a copy of a connection to a worker, and reports whether the worker has acknowledged it. If it has ended before, another one may get it:
// the first has not read of it.
func (s *sticky) give(w *appWorker, h *handlewrap.Handle) bool {
	sent, err := h.Dup()
	if err != nil {
		return true // the system has no descriptor left for it
	}
	sent.SetServerKey(s.key)
	answered := make(chan bool, 1)
	sent.OnClose(func() { answered <- w.IsConnected() })
	if err := w.SendHandle(s.ctx, stickyMessage, sent); err != nil {
		sent.Close()
		return !errors.Is(err, nodeipc.ErrDisconnected)
	}
	select {
	case acknowledged := <-answered:
		return acknowledged
	case <-s.ctx.Done():
		return true
	}
}

// awaitClosed has a worker get no further clients, and waits until it has answered those that it has and closed their connections. Node does not
// answer for a worker that never had one.
func (s *sticky) awaitClosed(ctx context.Context, w *appWorker) {
	s.dismiss(w)
	if !w.hasClients.Load() {
		return
	}
	w.WaitSocketsClosed(ctx, s.key) // whose error says that the worker or the time has ended
}
