package worker

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// ListenConfig says how a worker listens, in the words of Node's server.listen. The zero value is Node's default.
type ListenConfig struct {
	// Backlog is the length of the queue of connections that wait; 511 if it is 0, and the most that the system allows below 0.
	Backlog int
	// IPv6Only keeps an IPv6 socket from taking IPv4 too.
	IPv6Only bool
	// ReuseAddress lets a UDP address be bound more than once.
	ReuseAddress bool
	// ReadableAll and WritableAll open a Unix socket to all users.
	ReadableAll, WritableAll bool
	// Exclusive listens in this process alone, and not by way of the primary. The worker's leaving does not close the
	// listener, and does not wait for its connections.
	Exclusive bool
	// FD, if not nil, is a descriptor of the primary's to listen on; network and address are not looked at then. Under a primary in Go it
	// has to be a socket that the primary's program was started with, or one of its Settings.ListenFDs. In a process that runs alone it is
	// the process's own, and the listener's from then on.
	FD *int
	// MaxConnections, if not 0, is how many connections may be open before the worker takes no more, which then
	// go to others.
	MaxConnections int
	// TLS, if not nil, makes the listener one of TLS connections, whose sessions resume on any worker of the pool
	// that is written in the same language.
	TLS *tls.Config
}

// Listen listens by way of the primary, as server.listen does in a Node worker: the primary dispatches connections, or
// shares its socket, and workers that listen on one address share it; with port 0 all get the same port. A process that
// runs alone opens a socket of its own. The network is "tcp", "tcp4", "tcp6" or "unix", the address as net.Listen has it: on Linux one of
// "unix" that begins with '@' is an abstract name, of which a Node primary before version 22 makes another one. It
// blocks until the primary has answered or ctx ends.
//
// Errors are a *net.OpError around the primary's errno, so that errors.Is(err, syscall.EADDRINUSE) holds, or around the cause
// with which Context has ended. The package's documentation says what becomes of the listener when the worker leaves.
func (p *Process) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return ListenConfig{}.Listen(ctx, p, network, address)
}

// ListenPacket is Listen for "udp", "udp4" and "udp6". The socket is shared by the workers, and each datagram goes to
// one of them. It is closed when the worker leaves.
func (p *Process) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return ListenConfig{}.ListenPacket(ctx, p, network, address)
}

// Listen is [Process.Listen] with what the configuration says.
func (c ListenConfig) Listen(ctx context.Context, p *Process, network, address string) (net.Listener, error) {
	switch {
	case c.Exclusive && p.channel != nil:
		return c.withTLS(c.listenAlone(ctx, network, address))
	case p.channel == nil:
		return c.withTLS(c.listenTracked(ctx, p, network, address))
	}
	l, data, err := c.listenJoined(ctx, p, network, address)
	if err != nil {
		return nil, opError(network, address, err)
	}
	if c.TLS == nil {
		return l, nil
	}
	config, err := withTicketKeys(c.TLS, data)
	if err != nil {
		l.Close()
		return nil, err
	}
	return tls.NewListener(l, config), nil
}

// ListenPacket is [Process.ListenPacket] with what the configuration says.
func (c ListenConfig) ListenPacket(ctx context.Context, p *Process, network, address string) (net.PacketConn, error) {
	switch {
	case c.Exclusive && p.channel != nil:
		return c.listenPacketAlone(ctx, network, address)
	case p.channel == nil:
		return c.listenPacketTracked(ctx, p, network, address)
	}
	q, err := c.query(ctx, network, address)
	if err != nil {
		return nil, opError(network, address, err)
	}
	answer, err := p.query(ctx, q, c.MaxConnections)
	if err != nil {
		return nil, opError(network, address, err)
	}
	conn, err := answer.packetConn()
	if err != nil {
		answer.registration.close()
		return nil, opError(network, address, err)
	}
	packets := &packetConn{UDPConn: conn, registration: answer.registration}
	p.register(answer.registration, packets)
	p.announce(q, answer.registration, conn.LocalAddr())
	return packets, nil
}

func (c ListenConfig) withTLS(l net.Listener, err error) (net.Listener, error) {
	if err != nil || c.TLS == nil {
		return l, err
	}
	return tls.NewListener(l, c.TLS), nil
}

func (c ListenConfig) listenJoined(ctx context.Context, p *Process, network, address string) (net.Listener, json.RawMessage, error) {
	q, err := c.query(ctx, network, address)
	if err != nil {
		return nil, nil, err
	}
	answer, err := p.query(ctx, q, c.MaxConnections)
	if err != nil {
		return nil, nil, err
	}
	l, err := c.listener(p, q, answer)
	if err != nil {
		answer.registration.close()
		return nil, nil, err
	}
	p.announce(q, answer.registration, l.Addr())
	return l, answer.data, nil
}

// listener is what the primary's answer has brought: a server for connections to come, or a socket to listen on.
func (c ListenConfig) listener(p *Process, q *question, a *answer) (net.Listener, error) {
	if a.dispatched != nil {
		return a.dispatched, nil
	}
	l, err := a.handle.Listen(c.Backlog)
	if err != nil {
		a.handle.Close()
		return nil, err
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && q.WantsOtherPort(tcp.Port) {
		// Node's primary could not bind the socket, and does not say so: it has got a port of the system's choice.
		l.Close()
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	shared := newSharedListener(l, p, c.MaxConnections, a.registration)
	if q.path != "" {
		shared.address = listenAddress(q, nil)
	}
	p.register(a.registration, shared)
	return shared, nil
}

// answer is what the primary says to queryServer.
type answer struct {
	data         json.RawMessage
	handle       *handlewrap.Handle  // a socket that is shared
	dispatched   *dispatchedListener // or a server for connections to come
	registration *registration
	err          error
}

// packetConn is the UDP socket that came with the answer.
func (a *answer) packetConn() (*net.UDPConn, error) {
	if a.handle == nil {
		return nil, errors.New("the primary answered without a socket")
	}
	conn, err := a.handle.PacketConn()
	if err != nil {
		a.handle.Close()
		return nil, err
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		conn.Close()
		return nil, os.NewSyscallError("bind", syscall.EINVAL)
	}
	return udp, nil
}

// query asks the primary for a server and waits for its answer, which does not come once the worker is to leave.
func (p *Process) query(ctx context.Context, q *question, maxConnections int) (*answer, error) {
	if p.context.Err() != nil {
		return nil, context.Cause(p.context)
	}
	reply := make(chan *answer, 1)
	index := p.index(q)
	q.Act = wire.ActQueryServer
	err := p.tell(&q.ServerMessage, func(m *fromPrimary, h *handlewrap.Handle) { reply <- p.toAnswer(q, m, h, index, maxConnections) })
	if err != nil {
		index.release()
		go p.decline(reply) // which may be there: a primary can answer what it has not been asked yet
		return nil, p.whyDisconnected(ctx, err)
	}
	select {
	case a := <-reply:
		return a, a.err
	case <-p.context.Done():
		go p.decline(reply)
		return nil, context.Cause(p.context)
	case <-ctx.Done():
		go p.decline(reply)
		return nil, context.Cause(ctx)
	}
}

// whyDisconnected gives the cause with which the process's context ends, where sending fails because the channel has ended.
func (p *Process) whyDisconnected(ctx context.Context, err error) error {
	if !errors.Is(err, nodeipc.ErrDisconnected) {
		return err
	}
	select {
	case <-p.context.Done(): // it has ended, or is about to
		return context.Cause(p.context)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// toAnswer takes the primary's answer. It runs on the loop, so that the server is known before the first connection
// for it arrives.
func (p *Process) toAnswer(q *question, m *fromPrimary, h *handlewrap.Handle, index *index, limit int) *answer {
	if m.Errno != nil && *m.Errno != 0 {
		closeHandle(h)
		index.release()
		return &answer{err: os.NewSyscallError("bind", syscall.Errno(-*m.Errno))}
	}
	a := &answer{data: m.Data, handle: h, registration: p.newRegistration(m.Key, index)}
	if m.lost {
		a.registration.close()
		a.err = os.NewSyscallError("recvmsg", errLost)
		return a
	}
	switch udp := q.IsPacket(); {
	case h != nil || udp:
	case m.SockName != nil && q.WantsOtherPort(m.SockName.Port):
		// The server that the key stands for is another's, which Node takes for a port in use.
		a.registration.close()
		a.err = os.NewSyscallError("bind", syscall.EADDRINUSE)
	default:
		a.dispatched = newDispatchedListener(p, listenAddress(q, m.SockName), limit, a.registration)
		p.register(a.registration, a.dispatched)
	}
	return a
}

// listenAddress is where a server without a socket listens.
func listenAddress(q *question, name *wire.SockName) net.Addr {
	switch {
	case name != nil:
		ip, _ := netip.ParseAddr(name.Address)
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(name.Port)))
	}
	return &net.UnixAddr{Name: q.path, Net: "unix"}
}

// decline closes a server that came too late for the one who had asked. An answer that came before the end of the
// channel is there at the end.
func (p *Process) decline(reply chan *answer) {
	select {
	case a := <-reply:
		a.discard()
	case <-p.channel.Done():
		select {
		case a := <-reply:
			a.discard()
		default:
		}
	}
}

// discard gives up what an answer has brought.
func (a *answer) discard() {
	closeHandle(a.handle)
	if a.dispatched != nil {
		a.dispatched.Close()
	} else if a.registration != nil {
		a.registration.close()
	}
}

// announce tells the primary that a server listens, and where, unless it gets no connections any more.
func (p *Process) announce(q *question, r *registration, address net.Addr) {
	if !p.markListening(r) {
		return
	}
	switch a := address.(type) {
	case *net.TCPAddr:
		q.Port = wire.Value(a.Port)
	case *net.UDPAddr:
		q.Port = wire.Value(a.Port)
	}
	q.Act = wire.ActListening
	p.tell(&q.ServerMessage, nil)
}

// markListening makes the process a listening one, and reports whether the server still is.
func (p *Process) markListening(r *registration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !r.withdrawn && p.state == StateOnline {
		p.state = StateListening
	}
	return !r.withdrawn
}

func opError(network, address string, err error) error {
	return &net.OpError{Op: "listen", Net: network, Addr: namedAddress{network, address}, Err: err}
}

// namedAddress is an address as the caller wrote it.
type namedAddress struct{ network, address string }

func (a namedAddress) Network() string { return a.network }

func (a namedAddress) String() string { return a.address }
