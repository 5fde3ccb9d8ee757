//go:build !portable

package cluster

import (
	"net"
	"runtime"
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// The primary looks at queues from a connection on, until none has come for a while. Then it sleeps.
func TestLooksEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newTestPrimary(t, SchedReusePort)
	w := newFakeWorker(t, p)
	defer w.finish()
	var fd, port int
	p.loop.Call(func() {
		w.act(&wire.FromWorker{Act: wire.ActOnline})
		w.act(&wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte("1"), Server: wire.Server{
			Address: []byte(`"127.0.0.1"`), Port: []byte("0"), AddressType: []byte("4"),
		}})
		for _, s := range p.onLoop.servers {
			s := s.(*groupServer)
			fd, port = s.group.FD(0), s.name.Port
		}
	})
	awaitLooking(t, p, false)
	for range 2 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			t.Fatal(err)
		}
		awaitLooking(t, p, true)
		accepted, _, err := unix.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		awaitLooking(t, p, false)
		unix.Close(accepted)
		conn.Close()
	}
}

func awaitLooking(t *testing.T, p *Primary, want bool) {
	t.Helper()
	looks := func() (looking bool) {
		p.loop.Call(func() { looking = p.onLoop.looks.looking })
		return looking
	}
	nodetest.Await(t, func() {
		for looks() != want {
			runtime.Gosched()
		}
	}, "the primary looks at the queues: "+strconv.FormatBool(want))
}
