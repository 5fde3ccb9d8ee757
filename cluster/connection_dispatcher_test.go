//go:build unix

package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// anyTarget is a balancer that chooses any target, also one that is not available. Now and then it chooses none, while there is an
// answer to wait for.
type anyTarget struct {
	random  *rand.Rand
	targets []*Target
}

func (b *anyTarget) Join(t *Target) { b.targets = append(b.targets, t) }

func (b *anyTarget) Leave(t *Target) {
	i := slices.Index(b.targets, t)
	b.targets = slices.Delete(b.targets, i, i+1)
}

func (b *anyTarget) Changed(*Target) {}

func (b *anyTarget) Next(Connection) *Target {
	isAnswering := func(t *Target) bool { return t.InFlight() > 0 }
	if len(b.targets) == 0 || b.random.IntN(8) == 0 && slices.ContainsFunc(b.targets, isAnswering) {
		return nil
	}
	return b.targets[b.random.IntN(len(b.targets))]
}

// dispatching is a dispatcher with workers, to which the test does what may happen, in any order. Its methods run on the loop.
type dispatching struct {
	t         *testing.T
	random    *rand.Rand
	server    *dispatchedServer
	balancer  *anyTarget
	workers   []*fakeWorker
	clients   []int // sockets
	delivered int   // connections that workers have accepted
	buf       []byte
}

const dispatchingKey = "127.0.0.1:0:4:undefined:7"

// serve lets a worker listen.
func (d *dispatching) serve(w *fakeWorker) {
	w.act(&wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte("1"), Server: wire.Server{
		Address: []byte(`"127.0.0.1"`), Port: []byte("0"), AddressType: []byte("4"), Index: []byte("7"),
	}})
	d.server = w.primary.onLoop.servers[dispatchingKey].(*dispatchedServer)
}

func (d *dispatching) connect() {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Connect(client, &unix.SockaddrInet4{Port: d.server.name.Port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		d.t.Error(err)
		return
	}
	d.clients = append(d.clients, client)
}

// say has one of the latest clients send a part of a request, or all of it, or end its half of the connection.
func (d *dispatching) say() {
	if len(d.clients) == 0 {
		return
	}
	client := d.clients[len(d.clients)-1-d.random.IntN(min(len(d.clients), 20))]
	switch d.random.IntN(4) {
	case 0:
		unix.Write(client, []byte("GET / HTTP/1.1\r\nKey: "))
	case 1:
		unix.Write(client, []byte("x"))
	case 2:
		unix.Write(client, []byte("GET / HTTP/1.1\r\nKey: one\r\n\r\n"))
	case 3:
		unix.Shutdown(client, unix.SHUT_WR)
	}
}

// answer lets a worker answer for one of the connections that it was offered.
func (d *dispatching) answer(w *fakeWorker, accepted bool) {
	unix.Recvfrom(w.end, d.buf, unix.MSG_DONTWAIT)
	offers := w.onLoop.offers.list[w.onLoop.offers.head:]
	if len(offers) == 0 {
		return
	}
	if accepted {
		d.delivered++
	}
	seq := offers[d.random.IntN(len(offers))].seq
	w.write(fmt.Appendf(nil, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n{\"cmd\":\"NODE_CLUSTER\",\"ack\":%d,\"accepted\":%v,\"seq\":1}\n", seq, accepted))
	w.onLoop.channel.Drain()
}

// step does one of the things that may happen.
func (d *dispatching) step() {
	w := d.workers[d.random.IntN(len(d.workers))]
	serves := len(w.onLoop.memberships) > 0
	switch d.random.IntN(8) {
	case 0, 1:
		d.connect()
	case 2, 3:
		d.answer(w, true)
	case 4:
		d.answer(w, false)
	case 5:
		if len(d.balancer.targets) > 0 {
			d.balancer.targets[d.random.IntN(len(d.balancer.targets))].retry()
		}
	case 6:
		if !serves {
			d.serve(w)
		} else if len(d.balancer.targets) > 1 && d.random.IntN(4) == 0 {
			w.leave(dispatchingKey)
		}
	case 7:
		d.say()
	}
}

// check compares what has to agree, as the dispatcher's comment has it, and returns how many connections were accepted from the
// kernel and not delivered.
func (d *dispatching) check() (undelivered int) {
	assigned, available := 0, 0
	for _, target := range d.balancer.targets {
		assigned += len(target.assigned)
		if target.Available() != target.isCounted {
			d.t.Errorf("a target is available: %v, and is counted: %v", target.Available(), target.isCounted)
		}
		if target.Available() {
			available++
			if len(target.assigned) > 0 && !slices.Contains(d.server.ready, target) {
				d.t.Error("a target that is available and has assigned connections is not ready")
			}
		}
	}
	offered := 0
	for _, w := range d.workers {
		offered += len(w.onLoop.offers.list) - w.onLoop.offers.head
	}
	if offered != d.server.offered {
		d.t.Errorf("%d connections are offered; counted %d", offered, d.server.offered)
	}
	if assigned != d.server.assigned || available != d.server.available || len(d.balancer.targets) != d.server.dispatcher.targets {
		d.t.Errorf("%d connections assigned, %d targets, %d available; counted %d, %d and %d",
			assigned, len(d.balancer.targets), available, d.server.assigned, d.server.dispatcher.targets, d.server.available)
	}
	return assigned + offered + len(d.server.unassigned) + d.undecided()
}

// undecided is how many connections wait for first bytes, each of which has its place in the list.
func (d *dispatching) undecided() int {
	f := d.server.firstBytes
	if f == nil {
		return 0
	}
	for e := f.undecided.Front(); e != nil; e = e.Next() {
		if u := e.Value.(*undecided); u.place != e {
			d.t.Errorf("descriptor %d has lost its place", u.fd)
		}
	}
	if f.len() > f.most {
		d.t.Errorf("%d connections wait for their first bytes, and %d may", f.len(), f.most)
	}
	return f.len()
}

// deliver lets every worker accept a connection, and every target take more.
func (d *dispatching) deliver() {
	for _, w := range d.workers {
		d.answer(w, true)
	}
	for _, target := range d.balancer.targets {
		target.retry()
	}
}

// After anything that may happen in any order, no connection is lost, and the dispatcher's counts agree.
func TestDispatcherInAnyOrder(t *testing.T) {
	t.Run("first bytes decide nothing", func(t *testing.T) { testDispatcherInAnyOrder(t, 0) })
	t.Run("first bytes decide", func(t *testing.T) { testDispatcherInAnyOrder(t, 5) })
}

// testDispatcherInAnyOrder has so many connections at most wait for their first bytes.
func testDispatcherInAnyOrder(t *testing.T, mostUndecided int) {
	nodetest.NoLeaks(t)
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		balancer := &anyTarget{random: random}
		p := newTestPrimary(t, SchedRR)
		p.customBalancer = func(Address) Balancer { return balancer }
		d := &dispatching{t: t, random: random, balancer: balancer, buf: make([]byte, 64<<10)}
		for range 4 {
			d.workers = append(d.workers, newFakeWorker(t, p))
		}
		p.loop.Call(func() {
			d.serve(d.workers[0])
			if mostUndecided > 0 {
				f := newFirstBytes(d.server.dispatcher, firstbytes.Header("Key"))
				f.most, f.timeout = mostUndecided, 20*time.Millisecond
				d.server.firstBytes = f
			}
		})
		for i := 0; i < 2000 && !t.Failed(); i++ {
			p.loop.Call(d.step)
			p.loop.Call(func() {
				if undelivered := d.check(); undelivered+d.delivered > len(d.clients) {
					t.Errorf("%d connections are delivered and %d are not, of %d", d.delivered, undelivered, len(d.clients))
				}
			})
		}
		for ctx := nodetest.Context(t); d.delivered < len(d.clients) && ctx.Err() == nil && !t.Failed(); {
			p.loop.Call(d.deliver)
		}
		p.loop.Call(func() {
			if undelivered := d.check(); d.delivered != len(d.clients) || undelivered > 0 {
				t.Errorf("in the end %d of %d connections are delivered, and %d wait", d.delivered, len(d.clients), undelivered)
			}
		})
		for _, client := range d.clients {
			unix.Close(client)
		}
		for _, w := range d.workers {
			w.finish()
		}
	}
}
