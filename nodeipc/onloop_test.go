//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// caller is a handler that calls functions of a test on its loop, one for each message.
type caller struct {
	*recorder
	functions chan func()
}

func newCaller() caller { return caller{newRecorder(), make(chan func(), 1)} }

func (c caller) HandleMessage(nodeipc.Message) { (<-c.functions)() }

// call has f run on the loop when peer's message comes, and waits until it has.
func (c caller) call(t *testing.T, p *rawPeer, f func()) {
	t.Helper()
	ran := make(chan struct{})
	c.functions <- func() { defer close(ran); f() }
	p.write("1\n")
	nodetest.Receive(t, ran, "end of what was called on the loop")
}

// expectPanic calls f, which has to panic with one line that begins with prefix.
func expectPanic(t *testing.T, prefix string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text, _ := recover().(string); !strings.HasPrefix(text, prefix) || strings.Contains(text, "\n") {
			t.Errorf("panic %q, want one line that begins with %q", text, prefix)
		}
	}()
	f()
}

func TestSendOnTheLoopDoesNotWait(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	const limit = 10 << 10
	c, p := newRawPeer(t, nodeipc.Options{Handler: handler, SendBuffer: limit})
	sent := 0
	handler.call(t, p, func() {
		var err error
		for err == nil {
			err = c.Send(context.Background(), kilobyte)
			sent++
		}
		sent--
		if !errors.Is(err, nodeipc.ErrNotReading) {
			t.Errorf("send: %v", err)
		}
		h := asHandle(t, listen(t, "tcp"))
		if err := c.SendHandle(context.Background(), 1, h); !errors.Is(err, nodeipc.ErrNotReading) || h.FD() < 0 {
			t.Errorf("send a handle: %v, and the handle is %d", err, h.FD())
		}
	})
	expectBounded(t, sent, limit)
	for range sent {
		p.expect(`"` + kilobyte + `"`)
	}
	send(t, c, "last")
	p.expect(`"last"`)
}

func TestQuestionsOnTheLoopFail(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	c, p := newRawPeer(t, nodeipc.Options{Handler: handler})
	handler.call(t, p, func() {
		if n, err := c.CountSockets(context.Background(), "key"); err == nil {
			t.Errorf("%d sockets", n)
		}
		if err := c.WaitSocketsClosed(context.Background(), "key"); err == nil {
			t.Error("it has waited")
		}
	})
	p.expectNothing()
}

func TestCloseOnTheLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	c, p := newRawPeer(t, nodeipc.Options{Handler: handler})
	handler.call(t, p, func() { expectPanic(t, "nodeipc: Close of a channel", func() { c.Close() }) })
	send(t, c, "still open")
	p.expect(`"still open"`)
}

func TestCloseOnASharedLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	c, p := newRawPeer(t, nodeipc.Options{Handler: handler, Loop: newLoop(t)})
	handler.call(t, p, func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		expectEnd(t, c, nil)
	})
	if err := from(t, handler.disconnect); err != nil {
		t.Error(err)
	}
}

// A goroutine in Receive runs the loop itself, and with it what tells of the channel's end and of what went wrong.
func TestCloseOnTheLoopOfAReceiver(t *testing.T) {
	nodetest.NoLeaks(t)
	k := &closer{keeper: &keeper{recorder: newRecorder()}}
	warnings := 0
	c, p := newRawPeer(t, nodeipc.Options{Handler: k, Paused: true, Warn: func(error) { warnings++; k.close() }})
	k.close = func() { expectPanic(t, "nodeipc: Close of a channel", func() { c.Close() }) }
	c.Resume()
	sendHandle(t, c, "handle", asHandle(t, listen(t, "tcp")))
	for range 4 {
		p.write(nack + "\n")
	}
	p.write("1\n")
	expectJSON(t, c, "1")
	p.close()
	if _, err := c.Receive(patient(t)); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("receive: %v", err)
	}
	from(t, k.disconnect)
	if warnings != 1 {
		t.Errorf("%d warnings, want 1", warnings)
	}
}

// Warn is called on the loop too, by a goroutine in Receive or by the loop's own, and what would wait there fails.
func TestQuestionsInWarnFail(t *testing.T) {
	nodetest.NoLeaks(t)
	warned := make(chan error, 1)
	var ask func()
	c, p := newRawPeer(t, nodeipc.Options{Paused: true, Warn: func(err error) { ask(); warned <- err }})
	ask = func() {
		if m, err := c.Request(context.Background(), 1); err == nil {
			t.Errorf("the response is %s", text(m))
		}
		if n, err := c.CountSockets(context.Background(), "key"); err == nil {
			t.Errorf("%d sockets", n)
		}
	}
	c.Resume()
	sendHandle(t, c, "handle", asHandle(t, listen(t, "tcp")))
	for range 4 {
		p.write(nack + "\n")
	}
	p.write("1\n")
	expectJSON(t, c, "1")
	if err := from(t, warned); !errors.Is(err, nodeipc.ErrHandleNotReceived) {
		t.Error(err)
	}
}

// closer closes its channel when it is told of the end.
type closer struct {
	*keeper
	close func()
}

func (k *closer) HandleDisconnect(err error) {
	k.close()
	k.keeper.HandleDisconnect(err)
}

func TestWaitAndCloseOfAChildOnTheLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	child := start(t, command(t, nodetest.Default(t), `
		process.on('disconnect', () => process.exit(3));
		process.send('up');`), nodeipc.Options{Handler: handler})
	ran := make(chan struct{})
	handler.functions <- func() {
		defer close(ran)
		expectPanic(t, "nodeipc: Wait of a child", func() { child.Wait() })
		if err := child.Close(); err != nil {
			t.Error(err)
		}
	}
	nodetest.Receive(t, ran, "end of what was called on the loop")
	expectEnd(t, child.Channel, nil)
	expectExit(t, child, nodeipc.ExitStatus{Code: 3})
}
