//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// expectOver checks that a channel, which does not wait, is over.
func expectOver(t *testing.T, c *nodeipc.Channel) {
	t.Helper()
	ctx := context.Background()
	for name, err := range map[string]error{
		"Send":              c.Send(ctx, 1),
		"Tell":              c.Tell(1),
		"Disconnect":        c.Disconnect(),
		"WaitSocketsClosed": c.WaitSocketsClosed(ctx, ""),
		"CountSockets":      second(c.CountSockets(ctx, "")),
		"Receive":           second(c.Receive(ctx)),
	} {
		if !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("%s: %v, want ErrDisconnected", name, err)
		}
	}
	c.Pause()
	c.Resume()
	if c.Connected() {
		t.Error("it is connected")
	}
	select {
	case <-c.Done():
	default:
		t.Error("it is not done")
	}
	if err := errors.Join(c.Err(), c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestZeroChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	c := new(nodeipc.Channel)
	expectOver(t, c)
	h := asHandle(t, listen(t, "tcp"))
	for name, sent := range map[string]func() error{
		"SendHandle":         func() error { return c.SendHandle(context.Background(), 1, h) },
		"SendHandleKeepOpen": func() error { return c.SendHandleKeepOpen(context.Background(), 1, h) },
	} {
		if err := sent(); !errors.Is(err, nodeipc.ErrDisconnected) || h.FD() < 0 {
			t.Errorf("%s: %v, and the handle is %d", name, err, h.FD())
		}
	}
}

func TestZeroHandleIsNotSent(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	var h handlewrap.Handle
	for _, err := range []error{c.SendHandle(patient(t), 1, &h), c.SendHandleKeepOpen(patient(t), 1, &h)} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("sending an empty handle: %v", err)
		}
	}
	p.expectNothing()
}

func TestZeroChild(t *testing.T) {
	nodetest.NoLeaks(t)
	c := new(nodeipc.Child)
	expectOver(t, c.Channel)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if c.Pid() != 0 {
		t.Errorf("pid %d", c.Pid())
	}
	if err := c.Signal(os.Kill); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal: %v", err)
	}
	select {
	case <-c.Exited():
	default:
		t.Error("it has not exited")
	}
	if status, err := c.Wait(); err == nil {
		t.Errorf("a child that was never started ended with %v", status)
	}
}

func TestZeroMessage(t *testing.T) {
	var m nodeipc.Message
	var v any
	if err := m.Decode(&v); err == nil {
		t.Errorf("decoded %v", v)
	}
	if m.Payload() != nil || m.Raw() != nil {
		t.Errorf("payload %q, raw %q", m.Payload(), m.Raw())
	}
	m.Release()
	if err := m.Decode(&v); err == nil {
		t.Errorf("decoded %v after Release", v)
	}
}

func TestZeroLoopChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	var l nodeipc.LoopChannel
	fd, closed := tracer(t)
	for name, err := range map[string]error{"Post": l.Post(1, traced(t, fd)), "Offer": l.Offer(nil, fd, 0), "TellOrFail": l.TellOrFail(1)} {
		if !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.Keep(nodeipc.Message{Handle: traced(t, fd)})
	l.Keep(nodeipc.Message{})
	closed() // by Post and Keep, whose handle they had become
	l.Fail(errors.New("reason"))
	l.Drain()
	template, err := nodeipc.NewTemplate(handlewrap.NetNative, func(n uint32) any { return n })
	if err != nil {
		t.Fatal(err)
	}
	if frame := l.AppendFrame(nil, template, 1); len(frame) > 0 {
		t.Errorf("a frame for nobody: %q", frame)
	}
}

func TestZeroTemplate(t *testing.T) {
	nodetest.NoLeaks(t)
	c, _ := newRawPeer(t, nodeipc.Options{})
	if frame := nodeipc.OnLoop(c).AppendFrame(nil, new(nodeipc.Template), 1); len(frame) > 0 {
		t.Errorf("a frame of no template: %q", frame)
	}
}
