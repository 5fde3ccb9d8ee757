//go:build unix

package nodeipc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const (
	handleMessage = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"n":1}}`
	internal      = `{"cmd":"NODE_CLUSTER","act":"online","seq":0}`
	ours          = `{"cmd":"NODE_CLUSTER","act":"close","seq":1}`
)

// middle is one of the two channels of a relay. It keeps ours, and passes on all other internal messages.
type middle struct {
	own      nodeipc.LoopChannel
	kept     chan string
	nacked   chan uint32
	writable chan struct{}
	ended    chan error
}

func newMiddle() *middle {
	return &middle{kept: make(chan string, 8), nacked: make(chan uint32, 8), writable: make(chan struct{}, 8), ended: make(chan error, 1)}
}

func (m *middle) HandleOpen(c nodeipc.LoopChannel) { m.own = c }

func (m *middle) HandleInternal(message nodeipc.Message) {
	var text struct {
		Act string `json:"act"`
	}
	if message.Decode(&text) == nil && text.Act == "close" {
		m.kept <- text.Act
		return
	}
	m.own.Forward(m.own.Frame())
}

func (m *middle) HandleMessage(message nodeipc.Message) { m.kept <- "a user's message" }
func (m *middle) HandleNACK(tag uint32)                 { m.nacked <- tag }
func (m *middle) HandleWritable()                       { m.writable <- struct{}{} }
func (m *middle) HandleDisconnect(err error)            { m.ended <- err }

// between gives a parent and a child between which a relay stands.
type between struct {
	loop              *eventloop.Loop
	parent, child     *rawPeer
	toParent, toChild *nodeipc.Channel
	up, down          *middle
}

func newBetween(t *testing.T) *between {
	t.Helper()
	nodetest.NoLeaks(t)
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loop.Close)
	b := &between{loop: loop, up: newMiddle(), down: newMiddle()}
	b.toParent, b.parent = newRawPeer(t, nodeipc.Options{Loop: loop, Handler: b.up})
	b.toChild, b.child = newRawPeer(t, nodeipc.Options{Loop: loop, Handler: b.down})
	loop.Call(func() {
		b.up.own.ForwardTo(b.down.own)
		b.down.own.ForwardTo(b.up.own)
	})
	return b
}

// expectHandle has the child get a handle of the parent's, and the parent hear that it has.
func (b *between) expectHandle() {
	b.child.t.Helper()
	b.child.expect(handleMessage)
	b.child.expectHandles(1)
	b.child.write(ack + "\n")
	b.parent.expect(ack)
}

// TestForward: what either says reaches the other in its order, but what is for this end.
func TestForward(t *testing.T) {
	b := newBetween(t)
	b.parent.write("1\n\"two\"\n" + internal + "\n" + ours + "\n{\"last\":\"é\"}\n")
	b.child.expect("1", `"two"`, internal, `{"last":"é"}`)
	b.child.write(ours + "\n" + `{"cmd":"NODE_SOCKET_GET_COUNT","key":"k"}` + "\n" + internal + "\n")
	b.parent.expect(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"k"}`, internal)
	nodetest.Receive(t, b.up.kept, "the parent's message for this end")
	nodetest.Receive(t, b.down.kept, "the child's message for this end")
	b.parent.expectNothing()
	b.child.expectNothing()
}

// TestForwardUnchanged: whatever is no message of Node's is passed on byte for byte, even what is none at all.
func TestForwardUnchanged(t *testing.T) {
	if serialization("") != nodeipc.JSON {
		t.Skip("bytes that are not JSON are a matter of JSON")
	}
	b := newBetween(t)
	for _, text := range []string{"not JSON\n", "{\"cmd\":\"NODE_\xff\"}\n", "\n", " { \"a\" : 1 } \n", strings.Repeat("x", 200<<10) + "\n"} {
		done := writing(b.parent, text)
		b.child.expect(strings.TrimSuffix(text, "\n"))
		<-done
	}
}

func writing(p *rawPeer, text string) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		if err := p.send([]byte(text)); err != nil {
			p.t.Error(err)
		}
	}()
	return done
}

// TestForwardHandles: handles pass in both directions, their answers come back to who has sent them, and no copy is left here.
func TestForwardHandles(t *testing.T) {
	b := newBetween(t)
	for _, way := range []struct{ from, to *rawPeer }{{b.parent, b.child}, {b.child, b.parent}} {
		for _, answer := range []string{ack, nack} {
			fd, closed := tracer(t)
			way.from.write("\"before\"\n")
			way.to.expect(`"before"`)
			way.from.write(handleMessage+"\n", fd)
			way.from.write("\"behind\"\n")
			way.to.expect(handleMessage, `"behind"`)
			way.to.expectHandles(1)
			way.to.write(answer + "\n")
			way.from.expect(answer)
			closed()
		}
	}
}

// TestForwardAmongOwnHandles: this end sends handles on the same channel, and gets the answers about those alone.
func TestForwardAmongOwnHandles(t *testing.T) {
	b := newBetween(t)
	theirs, theirsClosed := tracer(t)
	own, ownClosed := tracer(t)
	offered, offeredClosed := tracer(t)
	h := traced(t, own)
	template, err := nodeipc.NewTemplate(handlewrap.NetNative, func(n uint32) any { return n })
	if err != nil {
		t.Fatal(err)
	}
	// The child answers at the end, unless only one handle may be on its way.
	var unanswered string
	answer := func(line string) {
		unanswered += line + "\n"
		if socket.MaxHandlesInFlight == 1 {
			b.child.write(unanswered)
			unanswered = ""
		}
	}
	b.parent.write(handleMessage+"\n", theirs)
	b.child.expect(handleMessage)
	answer(ack)
	b.loop.Call(func() { err = b.down.own.Offer(b.down.own.AppendFrame(nil, template, 7), offered, 7) })
	for errors.Is(err, nodeipc.ErrWouldBlock) {
		nodetest.Receive(t, b.down.writable, "room for the offer")
		b.loop.Call(func() { err = b.down.own.Offer(b.down.own.AppendFrame(nil, template, 7), offered, 7) })
	}
	if err != nil {
		t.Fatal(err)
	}
	b.child.line()
	answer(nack)
	b.loop.Call(func() { err = b.down.own.Post("own", h) })
	if err != nil {
		t.Fatal(err)
	}
	b.child.line()
	b.child.expectHandles(3)
	answer(ack)
	if unanswered != "" {
		b.child.write(unanswered)
	}
	b.parent.expect(ack)
	if tag := nodetest.Receive(t, b.down.nacked, "the answer about the offer"); tag != 7 {
		t.Errorf("the answer is about %d", tag)
	}
	theirsClosed()
	ownClosed()
	offeredClosed()
	b.parent.expectNothing()
}

// TestForwardLostHandle: one that did not come here is asked for again.
func TestForwardLostHandle(t *testing.T) {
	b := newBetween(t)
	b.parent.write(handleMessage + "\n")
	b.parent.expect(nack)
	fd, closed := tracer(t)
	b.parent.write(handleMessage+"\n", fd)
	b.expectHandle()
	closed()
}

// TestForwardUnaskedHandle: a descriptor that no message is about is closed here, and the next handle has its own.
func TestForwardUnaskedHandle(t *testing.T) {
	b := newBetween(t)
	fd, closed := tracer(t)
	own, ownClosed := tracer(t)
	b.parent.write("\"plain\"\n", fd)
	b.child.expect(`"plain"`)
	closed()
	b.parent.write(handleMessage+"\n", own)
	b.expectHandle()
	ownClosed()
}

// TestForwardWaitsForTheReceiver: of what one says who is not read, little is kept here, and none of it is lost.
func TestForwardWaitsForTheReceiver(t *testing.T) {
	b := newBetween(t)
	const size, messages = 64 << 10, 120
	message := `"` + strings.Repeat("x", size-3) + `"`
	written := make(chan int, messages)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range messages {
			if err := b.parent.send(b.parent.frames(message + "\n")); err != nil {
				t.Error(err)
				return
			}
			written <- i
		}
	}()
	for range 2 {
		// The other way is free meanwhile, and shows when all that could be written has been.
		for last := -1; last != len(written); {
			last = len(written)
			for range 20 {
				b.child.write("1\n")
				b.parent.expect("1")
			}
		}
		if n := len(written) * size; n > 5<<20 {
			t.Errorf("%d bytes were taken for a child that does not read", n)
		}
		b.loop.Call(b.up.own.HoldForwarding)
		b.loop.Call(b.up.own.ResumeForwarding) // which makes no room
	}
	for range messages {
		b.child.expect(message)
	}
	<-done
}

// TestHoldForwarding: what is kept back comes later in its order, with its handles, and in front of what follows.
func TestHoldForwarding(t *testing.T) {
	b := newBetween(t)
	fd, closed := tracer(t)
	b.loop.Call(b.up.own.HoldForwarding)
	b.parent.write("1\n")
	b.parent.write(handleMessage+"\n", fd)
	b.child.write("\"other way\"\n")
	b.parent.expect(`"other way"`)
	b.child.expectNothing()
	b.loop.Call(b.up.own.ResumeForwarding)
	b.parent.write("2\n")
	b.child.expect("1", handleMessage, "2")
	b.child.expectHandles(1)
	b.child.write(ack + "\n")
	b.parent.expect(ack)
	closed()
}

// TestForwardToTheEnd: what was said before one ends reaches the other before the end does.
func TestForwardToTheEnd(t *testing.T) {
	b := newBetween(t)
	var said strings.Builder
	for i := range 1000 {
		fmt.Fprintln(&said, i)
	}
	b.child.write(said.String())
	b.child.conn.Close()
	if err := nodetest.Receive(t, b.down.ended, "the end of the child's channel"); err != nil {
		t.Error(err)
	}
	if err := b.toParent.Disconnect(); err != nil {
		t.Error(err)
	}
	for i := range 1000 {
		b.parent.expect(fmt.Sprint(i))
	}
	if err := b.parent.receive(); err == nil {
		t.Errorf("there is more: %q", b.parent.read)
	}
}

// TestForwardToNobody: what comes for a channel that has ended is dropped, with its handles.
func TestForwardToNobody(t *testing.T) {
	b := newBetween(t)
	fd, closed := tracer(t)
	b.child.conn.Close()
	nodetest.Receive(t, b.down.ended, "the end of the child's channel")
	b.parent.write(handleMessage+"\n", fd)
	closed()
}
