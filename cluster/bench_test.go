//go:build unix

package cluster

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"golang.org/x/sys/unix"
)

// BenchmarkHandOver is the way of a connection from the kernel's queue to a worker that takes it, and of its answer. What
// the client and the worker do is in it.
func BenchmarkHandOver(b *testing.B) {
	p := newTestPrimary(b, SchedRR)
	w := newFakeWorker(b, p)
	defer w.finish()
	p.loop.Call(func() {
		w.act(&wire.FromWorker{Act: wire.ActOnline})
		w.act(&wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte("1"), Server: wire.Server{
			Address: []byte(`"127.0.0.1"`), Port: []byte("0"), AddressType: []byte("4"),
		}})
	})
	taker := taker{b: b, end: w.end, received: make([]byte, 4096), control: make([]byte, unix.CmsgSpace(4))}
	taker.learnPort()
	b.ReportAllocs()
	for b.Loop() {
		taker.one()
	}
}

// taker is a client and a worker.
type taker struct {
	b                 *testing.B
	end               int
	address           *unix.SockaddrInet4
	received, control []byte
	answer            []byte
}

var (
	portPattern = regexp.MustCompile(`"port":(\d+)`)
	seqPattern  = regexp.MustCompile(`"seq":(\d+)`)
)

// receive returns the number after a name in the next message, and the descriptor that came with it, or -1.
func (t *taker) receive(pattern *regexp.Regexp) (number, fd int) {
	n, control, _, _, err := unix.Recvmsg(t.end, t.received, t.control, 0)
	if err != nil {
		t.b.Fatal(err)
	}
	found := pattern.FindSubmatchIndex(t.received[:n])
	if found == nil {
		t.b.Fatalf("no %v in %q", pattern, t.received[:n])
	}
	for _, digit := range t.received[found[2]:found[3]] {
		number = number*10 + int(digit-'0')
	}
	if control == 0 {
		return number, -1
	}
	_, data, _, err := unix.ParseOneSocketControlMessage(t.control[:control])
	if err != nil {
		t.b.Fatal(err)
	}
	return number, int(data[0]) | int(data[1])<<8
}

func (t *taker) learnPort() {
	port, _ := t.receive(portPattern)
	t.address = &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

func (t *taker) one() {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Connect(client, t.address)
	}
	if err != nil {
		t.b.Fatal(err)
	}
	seq, connection := t.receive(seqPattern)
	if connection < 0 {
		t.b.Fatal("the worker was given no connection")
	}
	t.answer = append(t.answer[:0], `{"cmd":"NODE_HANDLE_ACK"}`+"\n"+`{"cmd":"NODE_CLUSTER","ack":`...)
	t.answer = strconv.AppendInt(t.answer, int64(seq), 10)
	t.answer = append(t.answer, `,"accepted":true,"seq":1}`+"\n"...)
	if _, err := unix.Write(t.end, t.answer); err != nil {
		t.b.Fatal(err)
	}
	unix.Close(connection)
	unix.Close(client)
}
