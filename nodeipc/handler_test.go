//go:build unix

package nodeipc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// lifeRecorder records the life of a child as its handler hears of it.
type lifeRecorder struct {
	*recorder
	events chan string
}

func (r lifeRecorder) HandleStart(c *nodeipc.Child) {
	if c.Pid() > 0 && c.Connected() {
		r.events <- "start"
	}
}

func (r lifeRecorder) HandleExit(s nodeipc.ExitStatus) { r.events <- "exit with " + s.String() }

func (r lifeRecorder) HandleMessage(m nodeipc.Message) { r.events <- text(m) }

func TestChildHandler(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		r := lifeRecorder{newRecorder(), make(chan string, 10)}
		child := start(t, command(t, node, `process.send('last words', () => process.exit(3));`), nodeipc.Options{Handler: r})
		for _, want := range []string{"start", `"last words"`, "exit with code 3"} {
			if got := from(t, r.events); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		expectExit(t, child, nodeipc.ExitStatus{Code: 3})
		if err := from(t, r.disconnect); err != nil {
			t.Error(err)
		}
	})
}

func TestPost(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		loop := newLoop(t)
		child := start(t, command(t, node, `
			process.on('message', (m, handle) => {
				process.send([m, !!handle]);
				if (handle) handle.close();
			});`), nodeipc.Options{Loop: loop})
		fd, closed := tracer(t)
		unsent := traced(t, fd)
		h := asHandle(t, listen(t, "tcp")).WithType(handlewrap.NetNative)
		onLoop := nodeipc.OnLoop(child.Channel)
		loop.Call(func() {
			for _, err := range []error{onLoop.Post(1, nil), onLoop.Post(2, h), onLoop.Post(3, nil)} {
				if err != nil {
					t.Error(err)
				}
			}
			if err := onLoop.Post(func() {}, unsent); err == nil {
				t.Error("a function was sent")
			}
		})
		closed()
		for _, want := range []string{"[1,false]", "[2,true]", "[3,false]"} {
			expectJSON(t, child, want)
		}
		if h.FD() >= 0 {
			t.Error("the handle is open after its ACK")
		}
	})
}

func TestPostToAPeerThatDoesNotRead(t *testing.T) {
	nodetest.NoLeaks(t)
	loop := newLoop(t)
	c, _ := newRawPeer(t, nodeipc.Options{Loop: loop, SendBuffer: 10 << 10})
	posted := 0
	var err error
	for err == nil {
		loop.Call(func() { err = nodeipc.OnLoop(c).Post(kilobyte, nil) })
		posted++
	}
	if !errors.Is(err, nodeipc.ErrNotReading) {
		t.Errorf("post: %v", err)
	}
	expectBounded(t, posted, 4*(10<<10))
	loop.Call(func() { nodeipc.OnLoop(c).Fail(err) })
	expectEnd(t, c, nodeipc.ErrNotReading)
	loop.Call(func() { err = nodeipc.OnLoop(c).Post(1, nil) })
	if !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("post on a channel that has ended: %v", err)
	}
}

func TestTell(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	if err := c.Tell("told"); err != nil {
		t.Error(err)
	}
	p.expect(`"told"`)
	if err := c.Tell(func() {}); err == nil {
		t.Error("a function was told")
	}
	c.Close()
	if err := c.Tell(1); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("tell on a closed channel: %v", err)
	}
}

// expectTold tells a peer that does not read until no more is taken, and checks that it was no more than limit.
func expectTold(t *testing.T, limit int, tell func(any) error) (told int) {
	t.Helper()
	for {
		err := tell(kilobyte)
		if err == nil {
			told++
			continue
		}
		if !errors.Is(err, nodeipc.ErrNotReading) {
			t.Errorf("tell: %v", err)
		}
		expectBounded(t, told, limit)
		return told
	}
}

// A user's message that finds no room is not sent, and nothing else happens.
func TestTellToAPeerThatDoesNotRead(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 10 << 10})
	told := expectTold(t, 10<<10, c.Tell)
	for range told {
		p.expect(`"` + kilobyte + `"`)
	}
	send(t, c, "room again")
	p.expect(`"room again"`)
}

// A protocol's message that finds no room is the end of the channel.
func TestTellOrFailToAPeerThatDoesNotRead(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 10 << 10})
	if err := nodeipc.OnLoop(c).TellOrFail(func() {}); err == nil {
		t.Error("a function was told")
	}
	p.expectNothing()
	expectTold(t, 4*(10<<10), nodeipc.OnLoop(c).TellOrFail)
	expectEnd(t, c, nodeipc.ErrNotReading)
	if err := nodeipc.OnLoop(c).TellOrFail(1); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("tell on a channel that has ended: %v", err)
	}
}

// A handler that keeps users' messages leaves them to Receive.
type keeper struct {
	*recorder
	channel nodeipc.LoopChannel
}

func (k *keeper) HandleOpen(c nodeipc.LoopChannel) { k.channel = c }

func (k *keeper) HandleMessage(m nodeipc.Message) { k.channel.Keep(m) }

func TestKeep(t *testing.T) {
	nodetest.NoLeaks(t)
	k := &keeper{recorder: newRecorder()}
	c, p := newRawPeer(t, nodeipc.Options{Handler: k})
	fd, closed := tracer(t)
	p.write("1\n" + `{"cmd":"NODE_X"}` + "\n")
	p.write(nativeMessage+"\n", fd)
	expectJSON(t, c, "1")
	if got := from(t, k.internal); got != `{"cmd":"NODE_X"}` {
		t.Errorf("internal %s", got)
	}
	p.expect(ack)
	c.Close()
	closed()
}

// answering answers for the internal messages of the given cmd whose handles got lost.
type answering struct {
	*recorder
	channel *nodeipc.Channel
	answers string
	lost    []string
}

func (a *answering) HandleLost(m nodeipc.Message) func() {
	a.lost = append(a.lost, text(m))
	if !strings.Contains(text(m), a.answers) {
		return nil
	}
	return func() { a.channel.Tell("answer") }
}

// A message whose handle got lost is acknowledged where the handler answers for it, before the answer, and to be sent again
// if not.
func TestHandleLost(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		h := &answering{recorder: newRecorder(), answers: "NODE_A"}
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s, Handler: h, Paused: true})
		h.channel = c
		c.Resume()
		envelope := `{"cmd":"NODE_HANDLE","type":"net.Native","msg":%s}` + "\n"
		a, b := `{"cmd":"NODE_A"}`, `{"cmd":"NODE_B"}`
		for _, m := range []string{a, b, `"a user's"`, a} {
			p.write(fmt.Sprintf(envelope, m))
		}
		p.expect(ack, `"answer"`, nack, nack, ack, `"answer"`)
		c.Close()
		if want := []string{a, b, a}; !slices.Equal(h.lost, want) {
			t.Errorf("got lost %q, want %q", h.lost, want)
		}
		if len(h.internal)+len(h.messages) > 0 {
			t.Errorf("%d internal and %d messages were handled as if their handles had come", len(h.internal), len(h.messages))
		}
	})
}

// Handles do not overtake plain messages, nor hang when the peer has read those late.
func TestOfferWaitsForWhatThePeerHasNotRead(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRecorder()
	loop := newLoop(t)
	c, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: loop})
	h := asHandle(t, listen(t, "tcp"))
	send(t, c, "unread")
	var err error
	frame := p.frames(nativeMessage + "\n")
	offer := func() { err = nodeipc.OnLoop(c).Offer(frame, h.FD(), 0) }
	if loop.Call(offer); !errors.Is(err, nodeipc.ErrWouldBlock) {
		t.Errorf("offer behind an unread message: %v", err)
	}
	p.expect(`"unread"`)
	from(t, r.writable)
	if loop.Call(offer); err != nil {
		t.Errorf("offer: %v", err)
	}
	p.expect(nativeMessage)
	p.expectHandles(1)
}
