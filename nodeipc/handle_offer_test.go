//go:build unix

package nodeipc_test

import (
	"fmt"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// recorder is a handler that passes on what it is told.
type recorder struct {
	internal   chan string
	messages   chan string
	nacks      chan uint32
	writable   chan struct{}
	disconnect chan error
}

func newRecorder() *recorder {
	return &recorder{make(chan string, 100), make(chan string, 100), make(chan uint32, 100), make(chan struct{}, 100), make(chan error, 1)}
}

// newTaker starts a Node child that takes the connections it is offered, and says to each what number it has. offer offers one, and
// is for the loop only.
func newTaker(t *testing.T, node nodetest.Runtime) (loop *eventloop.Loop, r *recorder, offer func(h *handlewrap.Handle, n uint32) error) {
	t.Helper()
	loop, r = newLoop(t), newRecorder()
	child := start(t, command(t, node, `
		process.on('message', (n, handle) => new (require('net').Socket)({ handle }).end('number ' + n));
		process.send('ready');`), nodeipc.Options{Handler: r, Loop: loop})
	if got := from(t, r.messages); got != `"ready"` {
		t.Fatal(got)
	}
	template, err := nodeipc.NewTemplate(handlewrap.NetNative, func(n uint32) any { return n })
	if err != nil {
		t.Fatal(err)
	}
	channel := nodeipc.OnLoop(child.Channel)
	return loop, r, func(h *handlewrap.Handle, n uint32) error {
		return channel.Offer(channel.AppendFrame(nil, template, n), h.FD(), n)
	}
}

func (r *recorder) HandleOpen(nodeipc.LoopChannel) {}

func (r *recorder) HandleMessage(m nodeipc.Message) {
	if m.Handle != nil {
		m.Handle.Close()
	}
	r.messages <- text(m)
}

func (r *recorder) HandleInternal(m nodeipc.Message) {
	if m.Handle != nil {
		m.Handle.Close()
	}
	r.internal <- text(m)
}

func (r *recorder) HandleNACK(tag uint32)      { r.nacks <- tag }
func (r *recorder) HandleWritable()            { r.writable <- struct{}{} }
func (r *recorder) HandleDisconnect(err error) { r.disconnect <- err }

func from[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	return nodetest.Receive(t, c, "call of the handler")
}

func newLoop(t *testing.T) *eventloop.Loop {
	t.Helper()
	l, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nodetest.Await(t, l.Close, "end of the loop") }) // which what a failed test leaves behind may hold
	return l
}

func TestHandlerGetsEverything(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRecorder()
	_, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: newLoop(t)})
	fd, closed := tracer(t)
	p.write(`{"cmd":"NODE_CLUSTER","act":"online","seq":0}` + "\n" + `{"cmd":"NODE_OTHER"}` + "\n" + `{"cmd":"NODE"}` + "\n")
	p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"x"}}`+"\n", fd)
	p.close()
	for _, want := range []string{`{"cmd":"NODE_CLUSTER","act":"online","seq":0}`, `{"cmd":"NODE_OTHER"}`, `{"cmd":"NODE_CLUSTER","act":"x"}`} {
		if got := from(t, r.internal); got != want {
			t.Errorf("internal %s, want %s", got, want)
		}
	}
	if got := from(t, r.messages); got != `{"cmd":"NODE"}` {
		t.Errorf("message %s", got)
	}
	if err := from(t, r.disconnect); err != nil {
		t.Error(err)
	}
	closed()
}

func TestTemplate(t *testing.T) {
	nodetest.NoLeaks(t)
	c, _ := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	template, err := nodeipc.NewTemplate(handlewrap.NetNative, func(n uint32) any { return []any{"a", n, "b"} })
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint32{0, 7, 1<<32 - 1} {
		want := fmt.Sprintf(`>{"cmd":"NODE_HANDLE","type":"net.Native","msg":["a",%d,"b"]}`+"\n", n)
		if got := string(nodeipc.OnLoop(c).AppendFrame([]byte(">"), template, n)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, err := nodeipc.NewTemplate(handlewrap.NetNative, func(uint32) any { return "fixed" }); err == nil {
		t.Error("a template without its number")
	}
	if _, err := nodeipc.NewTemplate(handlewrap.NetNative, func(uint32) any { return func() {} }); err == nil {
		t.Error("a template of no JSON")
	}
}
