//go:build unix

package cluster

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A program that takes no events for ever has a bounded number of them waiting, however many workers come and go meanwhile.
func TestBacklogOfManyWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newUnreadPrimary(t)
	const size, each = 1 << 20, 20
	for i := range 20 {
		w := newFakeWorker(t, p)
		for range each {
			p.events.emitFor(w.Worker, MessageEvent{Worker: w.Worker}, size)
		}
		if i == 0 {
			awaitIdle(t, p)
		}
		w.finish()
	}
	reader := p.events.own
	if reader.cost > maxWaitingInAll+2*size {
		t.Errorf("events of %d MiB wait, want %d at most", reader.cost>>20, maxWaitingInAll>>20)
	}
	const others = maxWaiting / lifeCost
	before := len(reader.queue)
	for range 1 << 20 {
		p.events.emit(ForkEvent{})
	}
	if n := len(reader.queue) - before; n < others-100 || n > others+1 {
		t.Errorf("of a million events of lives %d are kept, want %d", n, others)
	}
	gaps := map[*Worker]int{}
	for _, e := range reader.queue {
		if g, ok := e.event.(ErrorEvent); ok {
			gaps[g.Worker]++
		}
	}
	if len(gaps) < 3 || len(gaps) > 5 || gaps[nil] != 1 {
		t.Errorf("it is told of gaps of %d workers, %d times of none in particular", len(gaps), gaps[nil])
	}
}

// A reader that keeps all has the worker wait for it where others are taken for idle, and misses nothing.
func TestReaderThatKeepsAll(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newUnreadPrimary(t)
	w := newFakeWorker(t, p)
	defer w.finish()
	reader := p.Subscribe(MessageEvent{})
	defer reader.Close()
	reader.KeepAll()
	holds := func() int {
		p.events.mu.Lock()
		defer p.events.mu.Unlock()
		return w.holds
	}
	const size, many = 1 << 20, 20
	for range many {
		p.events.emitFor(w.Worker, MessageEvent{Worker: w.Worker}, size)
	}
	awaitIdle(t, p)
	for range maxIdleLooks {
		reader.look()
	}
	if n := holds(); n != 1 {
		t.Errorf("the worker is held back for %d readers, want 1", n)
	}
	for range many {
		p.events.emitFor(w.Worker, MessageEvent{Worker: w.Worker}, size)
	}
	for i := range 2 * many {
		if _, err := reader.Next(nodetest.Context(t)); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if n := holds(); n != 0 {
		t.Errorf("the worker is held back for %d readers that have all", n)
	}
}

// What no worker can cause at will is kept for a program that takes some of it now and then.
func TestLivesWait(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newUnreadPrimary(t)
	const many = 2 * maxWaiting / lifeCost
	for range many {
		p.events.emit(ForkEvent{})
	}
	awaitIdle(t, p)
	p.events.emit(ForkEvent{}) // is dropped
	ctx := nodetest.Context(t)
	if _, err := p.Next(ctx); err != nil { // the setup
		t.Fatal(err)
	}
	p.events.emit(ForkEvent{})
	for i := range many + 2 {
		e, err := p.Next(ctx)
		_, isFork := e.(ForkEvent)
		if err != nil || isFork != (i != many) {
			t.Fatalf("event %d is %T, %v", i, e, err)
		}
	}
}

// newUnreadPrimary makes a primary whose events wait.
func newUnreadPrimary(t *testing.T) *Primary {
	t.Helper()
	p, err := NewPrimary(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// awaitIdle waits until the primary's own reader is taken for idle.
func awaitIdle(t *testing.T, p *Primary) {
	t.Helper()
	await(t, "a reader that takes nothing is still waited for", func() bool {
		p.events.mu.Lock()
		defer p.events.mu.Unlock()
		return p.events.own.isIdle()
	})
}

// await looks until something is so.
func await(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(nodetest.Patience); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}

// Calls of Next that wait at once do not close each other's handles, then or later.
func TestHandlesInSeveralCallsOfNext(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newUnreadPrimary(t)
	w := newFakeWorker(t, p)
	defer w.finish()
	ctx := nodetest.Context(t)
	for range 2 { // setup and fork
		if _, err := p.Next(ctx); err != nil {
			t.Fatal(err)
		}
	}
	given := make(chan *handlewrap.Handle, 4)
	take := func() {
		event, err := p.Next(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		given <- event.(MessageEvent).Message.Handle
	}
	var calls sync.WaitGroup
	calls.Go(take)
	calls.Go(take)
	await(t, "two calls do not wait", func() bool {
		p.events.own.lent.mu.Lock()
		defer p.events.own.lent.mu.Unlock()
		return p.events.own.lent.calls == 2
	})
	for range cap(given) {
		p.events.emitFor(w.Worker, MessageEvent{w.Worker, nodeipc.Message{Handle: newHandle(t)}}, handleCost)
	}
	calls.Wait()
	take()
	take()
	for range cap(given) {
		h := <-given
		if h.FD() < 0 {
			t.Error("a handle is closed that another call was given")
		}
		h.Close()
	}
}

func newHandle(t *testing.T) *handlewrap.Handle {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	return handlewrap.New(handlewrap.NetNative, fd)
}
