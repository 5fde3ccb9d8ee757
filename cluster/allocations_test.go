//go:build unix

package cluster

import (
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"golang.org/x/sys/unix"
)

// A connection on its way from the kernel's queue to a worker that takes it allocates nothing.
func TestConnectionsDoNotAllocate(t *testing.T) {
	p := newTestPrimary(t, SchedRR)
	w := newFakeWorker(t, p)
	defer w.finish()
	var s *dispatchedServer
	p.loop.Call(func() {
		w.act(&wire.FromWorker{Act: wire.ActOnline})
		query := &wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte("1"), Server: wire.Server{
			Address: []byte(`"127.0.0.1"`), Port: []byte("0"), AddressType: []byte("4"),
		}}
		w.act(query)
		for _, server := range p.onLoop.servers {
			s = server.(*dispatchedServer)
		}
	})
	if s == nil {
		t.Fatal("no server was made")
	}
	address := unix.Sockaddr(&unix.SockaddrInet4{Port: s.name.Port, Addr: [4]byte{127, 0, 0, 1}})
	c := clients{t: t, server: s, worker: w, address: address, received: make([]byte, 64<<10)}
	p.loop.Call(func() {
		s.primary.loop.Remove(s.socket.FD) // the test says itself when there is a connection
		c.drain()
		// The least of many, because under the race detector a sync.Pool forgets what it was given now and then.
		least := testing.AllocsPerRun(1, c.one)
		for range 500 {
			least = min(least, testing.AllocsPerRun(1, c.one))
		}
		if least > 0 {
			t.Errorf("%v allocations for a connection", least)
		}
	})
	if c.taken < 1000 {
		t.Errorf("the worker took %d connections", c.taken)
	}
}

// clients makes connections and answers for them as a worker does, all on the loop and without allocating.
type clients struct {
	t        *testing.T
	server   *dispatchedServer
	worker   *fakeWorker
	address  unix.Sockaddr
	received []byte
	answer   []byte
	taken    int
}

// drain takes what the primary has said so far.
func (c *clients) drain() {
	c.worker.onLoop.channel.Drain()
	unix.Recvfrom(c.worker.end, c.received, unix.MSG_DONTWAIT)
}

func (c *clients) one() {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Connect(client, c.address)
	}
	if err != nil {
		c.t.Error(err)
		return
	}
	c.server.queues[0].readable = true
	c.server.dispatchAll()
	if n, err := unix.Read(c.worker.end, c.received); err != nil || n == 0 {
		c.t.Errorf("the worker is offered nothing: %v", err)
	}
	c.answer = append(c.answer[:0], `{"cmd":"NODE_HANDLE_ACK"}`+"\n"+`{"cmd":"NODE_CLUSTER","ack":`...)
	c.answer = strconv.AppendUint(c.answer, uint64(c.worker.onLoop.offers.list[c.worker.onLoop.offers.head].seq), 10)
	c.answer = append(c.answer, `,"accepted":true,"seq":1}`+"\n"...)
	if _, err := unix.Write(c.worker.end, c.answer); err != nil {
		c.t.Error(err)
	}
	c.worker.onLoop.channel.Drain()
	if len(c.worker.onLoop.offers.list) == 0 {
		c.taken++
	}
	c.server.scheduled = true // the loop does not run before the test has ended
	unix.Close(client)
}
