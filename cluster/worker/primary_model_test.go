//go:build linux

package worker

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// primaryModel is a worker of this process whose primary does what a script says.
type primaryModel struct {
	*modeltest.Script
	*modeltest.Peer
	tb      testing.TB
	self    *Process
	asked   []json.RawMessage // numbers of questions that were not answered
	half    []byte
	unclear bool // what the worker says or hears next depends on what was not finished
	running sync.WaitGroup
	spares  []int // descriptors to send

	mu        sync.Mutex
	listeners []interface{ Close() error }
}

func newPrimaryModel(tb testing.TB, s *modeltest.Script, spares []int) *primaryModel {
	serialization := s.Serialization()
	peer, theirs := modeltest.NewPeer(tb, serialization)
	for name, value := range map[string]string{
		"NODE_UNIQUE_ID": "1", "NODE_CHANNEL_FD": strconv.Itoa(theirs), "NODE_CHANNEL_SERIALIZATION_MODE": string(serialization),
	} {
		if err := os.Setenv(name, value); err != nil {
			tb.Fatal(err)
		}
	}
	self, err := JoinWith(context.Background(), JoinOptions{OutlivePrimary: true})
	if err != nil {
		tb.Fatal(err)
	}
	return &primaryModel{Script: s, Peer: peer, tb: tb, self: self, spares: spares}
}

// settle lets the worker handle what it has been sent: it is asked something, and has answered. Where it may not answer,
// it is given some time.
func (m *primaryModel) settle() {
	if m.unclear || m.self.Context().Err() != nil {
		unix.Nanosleep(&unix.Timespec{Nsec: 100e3}, nil)
		m.questions()
		return
	}
	m.Say(modeltest.Message{{Key: "cmd", Value: "NODE_SOCKET_GET_COUNT"}, {Key: "key", Value: "settled"}})
	for end := time.Now().Add(modeltest.Patience); !m.questions() && m.self.Context().Err() == nil; unix.Nanosleep(&unix.Timespec{Nsec: 20e3}, nil) {
		if time.Now().After(end) {
			m.tb.Fatal("the worker does not answer")
		}
	}
}

// questions remembers what the worker has asked, and reports whether it has answered settle.
func (m *primaryModel) questions() (settled bool) {
	for _, text := range m.Heard() {
		var q struct {
			Act string
			Seq json.RawMessage
			Key string
		}
		if json.Unmarshal(text, &q) != nil {
			continue
		}
		if q.Act == wire.ActQueryServer {
			m.asked = append(m.asked, q.Seq)
		}
		settled = settled || q.Key == "settled"
	}
	m.CloseFDs()
	return settled
}

// answer answers the worker's oldest question. The number is in the message, or in that within the envelope.
func (m *primaryModel) answer(reply modeltest.Message, fds ...int) {
	if len(m.asked) == 0 {
		return
	}
	seq := m.asked[0]
	m.asked = m.asked[1:]
	for i := range reply {
		if reply[i].Key == "ack" {
			reply[i].Value = seq
		}
		if reply[i].Key == "msg" {
			inner := reply[i].Value.(interface{ Set(string, any) })
			inner.Set("ack", seq)
		}
	}
	m.Say(reply, fds...)
}

// connection is one for the server, whose client has gone already.
func (m *primaryModel) connection() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		m.tb.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		m.tb.Fatal(err)
	}
	client.(*net.TCPConn).SetLinger(0)
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		m.tb.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		m.tb.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		m.Say(modeltest.ClusterMessage("act", "newconn", "key", modelKey, "seq", 9).Sealed("net.Native"), int(fd))
	})
}

func (m *primaryModel) begin() {
	m.unclear = true
	frame := m.Frame(modeltest.Pick(m.Script, modelPrimaryMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)))
	n := m.Next(len(frame))
	m.Write(frame[:n], modeltest.Pick(m.Script, m.spares))
	m.half = frame[n:]
}

// listen has the worker listen, and take what comes.
func (m *primaryModel) listen(network, address string) {
	m.running.Go(func() {
		l, err := m.self.Listen(context.Background(), network, address)
		if err != nil {
			return
		}
		defer l.Close()
		m.keep(l)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	})
}

func (m *primaryModel) listenPacket() {
	m.running.Go(func() {
		conn, err := m.self.ListenPacket(context.Background(), "udp4", "127.0.0.1:8000")
		if err != nil {
			return
		}
		m.keep(conn)
		conn.ReadFrom(make([]byte, 1))
		conn.Close()
	})
}

func (m *primaryModel) keep(l interface{ Close() error }) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = append(m.listeners, l)
}

func (m *primaryModel) closeListener() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.listeners) > 0 {
		m.listeners[0].Close()
		m.listeners = m.listeners[1:]
	}
}

func (m *primaryModel) sendAndReceive() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	m.self.Send(ctx, "text")
	if received, err := m.self.Receive(ctx); err == nil {
		closeHandle(received.Handle)
	}
}

func (m *primaryModel) sendHandle() {
	m.unclear = true // all that it says waits for an ACK
	fd, err := unix.FcntlInt(uintptr(m.spares[0]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		m.tb.Fatal(err)
	}
	h := handlewrap.New(handlewrap.NetNative, fd)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if m.self.SendHandle(ctx, "handle", h) != nil {
		h.Close()
	}
}

// expectGood opens another server in a worker that still goes on, and has it get a connection.
func (m *primaryModel) expectGood() {
	if m.unclear || m.self.Context().Err() != nil {
		return
	}
	accepted := make(chan error, 1)
	m.running.Go(func() { accepted <- m.acceptOne() })
	for end := time.Now().Add(modeltest.Patience); time.Now().Before(end); unix.Nanosleep(&unix.Timespec{Nsec: 50e3}, nil) {
		select {
		case err := <-accepted:
			if err != nil && m.self.Context().Err() == nil {
				m.tb.Error(err)
			}
			return
		default:
		}
		m.asked = nil
		m.questions()
		for _, seq := range m.asked {
			m.Say(reply(seq, goodPort))
			m.connection()
		}
	}
	m.tb.Error("the good server gets no connection")
}

const goodPort = 9000

func (m *primaryModel) acceptOne() error {
	l, err := m.self.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(goodPort)))
	if err != nil {
		return err
	}
	defer l.Close()
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	return conn.Close()
}

// end closes the channel, at which everything in the worker ends.
func (m *primaryModel) end() {
	unix.Shutdown(m.Fd, unix.SHUT_WR)
	select {
	case <-m.self.Done():
	case <-time.After(modeltest.Patience):
		m.tb.Fatal("the channel does not end")
	}
	if err := m.self.Close(); err != nil {
		m.tb.Error(err)
	}
	m.Peer.Close()
	m.running.Wait()
}
