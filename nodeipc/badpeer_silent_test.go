//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// unheard is how many messages are sent to somebody who reads none of them.
const unheard = 100_000

var unheardMessage = strings.Repeat("u", 60)

// waitingContext is a context that tells when somebody waits for its end: a send asks for that where it finds no room.
type waitingContext struct {
	context.Context
	waited func()
}

// newWaitingContext gives a context, and a channel that is closed when a send with it waits.
func newWaitingContext() (ctx context.Context, waits <-chan struct{}) {
	c := make(chan struct{})
	return waitingContext{context.Background(), sync.OnceFunc(func() { close(c) })}, c
}

func (w waitingContext) Done() <-chan struct{} {
	w.waited()
	return w.Context.Done()
}

// quiet is for how long a count must stand still to be taken for the last one.
const quiet = 100 * time.Millisecond

func eachSerialization(t *testing.T, f func(t *testing.T, s nodeipc.Serialization)) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(s), func(t *testing.T) { f(t, s) })
	}
}

// A peer does not read while messages are sent to it. Send waits, few of them are kept in memory, others are served,
// and all arrive once the peer reads.
func TestPeerThatNeverReads(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		loop := newLoop(t)
		expectGood := besides(t, loop)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s, Loop: loop, SendBuffer: 64 << 10})
		before := nodetest.Heap()
		var sent atomic.Int32
		result := make(chan error, 1)
		waiting, waits := newWaitingContext()
		go func() {
			for range unheard {
				if err := c.Send(waiting, unheardMessage); err != nil {
					result <- err
					return
				}
				sent.Add(1)
			}
			result <- nil
		}()
		nodetest.Receive(t, waits, "send that waits")
		expectBounded(t, len(unheardMessage)*int(sent.Load())/1024, 64<<10)
		expectLittleMemory(t, before)
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if err := c.Send(ctx, "late"); !errors.Is(err, nodeipc.ErrNotReading) {
			t.Errorf("send: %v", err)
		} else {
			expectOneLine(t, err, "the peer does not read")
		}
		expectGood()
		for range unheard {
			p.expect(`"` + unheardMessage + `"`)
		}
		if err := nodetest.Receive(t, result, "end of the sender"); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseDoesNotWaitForAPeerThatNeverReads(t *testing.T) {
	nodetest.NoLeaks(t)
	c, _ := newRawPeer(t, nodeipc.Options{SendBuffer: 1 << 10})
	result := make(chan error, 1)
	waiting, waits := newWaitingContext()
	go func() {
		for {
			if err := c.Send(waiting, kilobyte); err != nil {
				result <- err
				return
			}
		}
	}()
	nodetest.Receive(t, waits, "send that waits")
	c.Close()
	if err := nodetest.Receive(t, result, "end of the sender"); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("send: %v", err)
	}
}

// A peer sends what nobody receives. It is read no more, few messages are kept in memory, others are served, and all
// arrive once somebody receives.
func TestPeerThatIsNeverRead(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		loop := newLoop(t)
		expectGood := besides(t, loop)
		const limit = 64 << 10
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s, Loop: loop, ReceiveBuffer: limit})
		before := nodetest.Heap()
		frame := p.frames(`"` + unheardMessage + `"` + "\n")
		var sent atomic.Int32
		result := make(chan error, 1)
		go func() {
			for range unheard {
				if err := p.send(frame); err != nil {
					result <- err
					return
				}
				sent.Add(1)
			}
			result <- nil
		}()
		expectBounded(t, len(unheardMessage)*standsStill(sent.Load)/1024, limit)
		expectLittleMemory(t, before)
		expectGood()
		for i := range unheard {
			if got := receiveJSON(t, c); got != `"`+unheardMessage+`"` {
				t.Fatalf("message %d is %s", i, got)
			}
		}
		if err := nodetest.Receive(t, result, "end of the sender"); err != nil {
			t.Error(err)
		}
	})
}

// standsStill waits until a count does not change any more.
func standsStill(count func() int32) int {
	for last := int32(-1); ; time.Sleep(quiet) {
		now := count()
		if now == last && now > 0 {
			return int(now)
		}
		last = now
	}
}

func expectLittleMemory(t *testing.T, before uint64) {
	t.Helper()
	if now := nodetest.Heap(); now > before+4*maxInSockets {
		t.Errorf("%d MiB are in use, %d before", now>>20, before>>20)
	}
}
