//go:build unix

package eventloop

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestEdgeAndRearm(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	calls := make(chan struct{}, 16)
	l.Add(near, Readable|Edge, sourceFunc(func(Events) { calls <- struct{}{} }))
	write(t, far, "x")
	nodetest.Receive(t, calls, "first event")
	settle(t, l)
	select {
	case <-calls:
		t.Fatal("told twice of what was not taken")
	default:
	}
	for range 3 {
		if err := l.Call(func() { readAll(near); l.Rearm(near) }); err != nil {
			t.Fatal(err)
		}
		settle(t, l)
		write(t, far, "y")
		nodetest.Receive(t, calls, "event after Rearm")
	}
	l.Remove(near)
}

func TestRearmOfAnUnknownDescriptor(t *testing.T) {
	l := newLoop(t)
	l.Rearm(-1)
	l.Rearm(1 << 20)
	settle(t, l)
}
