//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// workerModel is a primary with a good worker, and bad ones that do what a script says.
type workerModel struct {
	*modeltest.Script
	tb      testing.TB
	primary *Primary
	taken   sync.WaitGroup
	good    *modelWorker
	bad     []*modelWorker
	port    int // where all listen
	clients []net.Conn
	spare   int // a descriptor to send
	heard   *heardEvents
}

// modelWorker is a worker without a process, and the other end of its channel.
type modelWorker struct {
	*modeltest.Peer
	fake    *fakeWorker
	offered []uint32 // numbers of connections that it has not answered for
	half    []byte   // the rest of a message that it has begun
	ended   bool
}

func newWorkerModel(tb testing.TB, s *modeltest.Script, settings Settings, spare int) *workerModel {
	p, err := NewPrimary(settings)
	if err != nil {
		tb.Fatal(err)
	}
	m := &workerModel{Script: s, tb: tb, primary: p, spare: spare, heard: newHeardEvents()}
	m.taken.Go(func() {
		for event := range p.Events(context.Background()) {
			m.heard.add(event)
		}
	})
	m.fork()
	m.good, m.bad = m.bad[0], nil
	m.fork()
	m.good.Say(workerMessages[0])
	m.port = m.portOfGood()
	return m
}

// fork starts a bad worker, if there are not many.
func (m *workerModel) fork() {
	if len(m.bad) >= 4 {
		return
	}
	w := newFakeWorker(m.tb, m.primary)
	m.bad = append(m.bad, &modelWorker{fake: w, Peer: &modeltest.Peer{Fd: w.end, Serialization: m.primary.Settings().Serialization}})
}

// forkStandby starts a bad worker on standby, if there are not many.
func (m *workerModel) forkStandby() {
	before := len(m.bad)
	m.fork()
	for _, w := range m.bad[before:] {
		w.fake.standby.Store(true)
	}
}

// settle lets the primary handle what it has been sent, and answer.
func (m *workerModel) settle() {
	for range 2 {
		m.primary.loop.Call(func() {})
	}
}

// portOfGood reads the answer to the good worker's question.
func (m *workerModel) portOfGood() int {
	m.tb.Helper()
	var reply wire.ServerReply
	for end := time.Now().Add(modeltest.Patience); reply.Command == ""; {
		for _, text := range m.good.Heard() {
			if err := json.Unmarshal(text, &reply); err != nil {
				m.tb.Fatal(err)
			}
		}
		if time.Now().After(end) {
			m.tb.Fatal("the good worker gets no answer")
		}
	}
	if reply.SockName != nil {
		return reply.SockName.Port
	}
	if err := unix.Listen(m.good.Fds[0], 128); err != nil {
		m.tb.Fatal(err)
	}
	name, err := unix.Getsockname(m.good.Fds[0])
	if err != nil {
		m.tb.Fatal(err)
	}
	m.good.Say(modeltest.Message{{Key: "cmd", Value: "NODE_HANDLE_ACK"}})
	return name.(*unix.SockaddrInet4).Port
}

// connect opens a connection.
func (m *workerModel) connect() {
	conn, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(m.port))
	if err != nil {
		m.tb.Fatal(err)
	}
	conn.(*net.TCPConn).SetLinger(0)
	m.clients = append(m.clients, conn)
}

// answer reports whether a connection is taken, truly or of one that it was not offered.
func (w *modelWorker) answer(m *workerModel, accepted, known bool) {
	w.offered = append(w.offered, w.takeOffers()...)
	w.CloseFDs()
	seq := uint32(m.Next(256))
	if known {
		if len(w.offered) == 0 {
			return
		}
		i := m.Next(len(w.offered))
		seq = w.offered[i]
		w.offered = append(w.offered[:i], w.offered[i+1:]...)
	}
	w.Say(modeltest.ClusterMessage("ack", seq, "accepted", accepted, "seq", 6))
}

// takeOffers returns the numbers of the connections that have been offered, whose receipt is acknowledged.
func (w *modelWorker) takeOffers() (seqs []uint32) {
	for _, text := range w.Heard() {
		var envelope struct {
			Message wire.NewConnection `json:"msg"`
		}
		if json.Unmarshal(text, &envelope) == nil && envelope.Message.Act == wire.ActNewConnection {
			w.Say(modeltest.Message{{Key: "cmd", Value: "NODE_HANDLE_ACK"}})
			seqs = append(seqs, envelope.Message.Seq)
		}
	}
	return seqs
}

// begin says half of something.
func (w *modelWorker) begin(m *workerModel) {
	frame := w.Frame(modeltest.Pick(m.Script, workerMessages))
	n := m.Next(len(frame))
	w.Write(frame[:n], m.spare)
	w.half = frame[n:]
}

func (m *workerModel) send(w *modelWorker) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	w.fake.Send(ctx, "text")
}

func (m *workerModel) sendHandle(w *modelWorker) {
	fd, err := unix.FcntlInt(uintptr(m.spare), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		m.tb.Fatal(err)
	}
	h := handlewrap.New(handlewrap.NetNative, fd)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if w.fake.SendHandle(ctx, "handle", h) != nil {
		h.Close()
	}
}

// end is the worker's death.
func (w *modelWorker) end(m *workerModel) {
	if w.ended {
		return
	}
	w.ended = true
	w.CloseFDs()
	w.fake.finish()
	// What a number of a closed descriptor stands for now is not known.
	w.Fd = -1
}

// expectGood ends the bad workers, has the good one get a connection, and ends all.
func (m *workerModel) expectGood() {
	for _, w := range m.bad {
		w.end(m)
	}
	m.endHolding()
	m.primary.loop.Call(func() {
		if len(m.primary.onLoop.workers) != 1 || len(m.primary.onLoop.servers) != 1 {
			m.tb.Errorf("there are %d workers and %d servers, want one", len(m.primary.onLoop.workers), len(m.primary.onLoop.servers))
		}
	})
	m.connect()
	if last := m.clients[len(m.clients)-1].LocalAddr().String(); !m.goodGets(last) {
		m.tb.Errorf("the good worker does not get the connection from %s", last)
	}
	m.good.end(m)
	for _, client := range m.clients {
		client.Close()
	}
	m.endHolding()
	m.primary.loop.Call(func() {
		if len(m.primary.onLoop.workers) > 0 || len(m.primary.onLoop.servers) > 0 {
			m.tb.Errorf("in the end there are %d workers and %d servers", len(m.primary.onLoop.workers), len(m.primary.onLoop.servers))
		}
	})
	if err := m.primary.Close(); err != nil {
		m.tb.Error(err)
	}
	m.taken.Wait()
}

// endHolding closes what is held, if anything is to be.
func (m *workerModel) endHolding() {
	expectClaims(m.tb, m.primary)
	if m.primary.Settings().HoldListeners {
		m.primary.loop.Call(m.primary.closeHeld)
	}
}

// goodGets has the good worker take connections until that from an address is among them. Where it has a socket, the primary gives it
// those of workers that have ended.
func (m *workerModel) goodGets(address string) bool {
	listener := -1
	if m.primary.policy != SchedRR && m.primary.policy != SchedLeast {
		listener = m.good.Fds[0]
	}
	for end := time.Now().Add(modeltest.Patience); time.Now().Before(end); {
		if m.goodAccepts(listener, address) || m.goodIsOffered(listener, address) {
			return true
		}
		wait := []unix.PollFd{{Fd: int32(m.good.Fd), Events: unix.POLLIN}, {Fd: int32(listener), Events: unix.POLLIN}}
		unix.Poll(wait, 100)
	}
	return false
}

// goodAccepts takes what waits in a socket, if there is one, and reports whether a connection is from an address.
func (m *workerModel) goodAccepts(listener int, address string) (found bool) {
	for listener >= 0 {
		fd, from, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != nil {
			break
		}
		unix.Close(fd)
		found = found || addressOf(from) == address
	}
	return found
}

// goodIsOffered takes what the primary hands out, and reports whether a connection is from an address.
func (m *workerModel) goodIsOffered(listener int, address string) (found bool) {
	for _, seq := range m.good.takeOffers() {
		m.good.Say(modeltest.ClusterMessage("ack", seq, "accepted", true, "seq", 7))
	}
	kept := m.good.Fds[:0]
	for _, fd := range m.good.Fds {
		if fd == listener {
			kept = append(kept, fd)
			continue
		}
		if from, err := unix.Getpeername(fd); err == nil && addressOf(from) == address {
			found = true
		}
		unix.Close(fd)
	}
	m.good.Fds = kept
	return found
}

func addressOf(a unix.Sockaddr) string {
	if in, ok := a.(*unix.SockaddrInet4); ok {
		return net.JoinHostPort(net.IP(in.Addr[:]).String(), strconv.Itoa(in.Port))
	}
	return ""
}
