//go:build unix

package nodeipc_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const burst = 10_000

func TestBurstBothWaysInOrder(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, echoScript)
		sent := make(chan error, 1)
		go func() {
			for i := range burst {
				if err := child.Send(context.Background(), i); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for i := range burst {
			if got := receiveJSON(t, child); got != strconv.Itoa(i) {
				t.Fatalf("message %d is %s", i, got)
			}
		}
		if err := nodetest.Receive(t, sent, "end of the sender"); err != nil {
			t.Error(err)
		}
	})
}

func TestSendFromManyGoroutines(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	const senders, each = 50, 100
	var running sync.WaitGroup
	for s := range senders {
		running.Go(func() {
			for i := range each {
				if err := child.Send(context.Background(), [2]int{s, i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var next [senders]int
	for range senders * each {
		got := decode[[2]int](t, receive(t, child))
		if next[got[0]] != got[1] {
			t.Fatalf("sender %d: message %d in the place of %d", got[0], got[1], next[got[0]])
		}
		next[got[0]]++
	}
	running.Wait()
}

func TestReceiveFromManyGoroutines(t *testing.T) {
	nodetest.NoLeaks(t)
	const receivers, messages = 20, 2000
	child := startScript(t, nodetest.Default(t), fmt.Sprintf(`
		const last = %d - 1;
		for (let i = 0; i < last; i++) process.send(i);
		process.send(last, () => process.disconnect());`, messages))
	ctx := patient(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var running sync.WaitGroup
	for range receivers {
		running.Go(func() {
			for {
				m, err := child.Receive(ctx)
				if err != nil {
					return
				}
				mu.Lock()
				seen[text(m)] = true
				mu.Unlock()
			}
		})
	}
	running.Wait()
	if len(seen) != messages {
		t.Errorf("%d of %d messages were received", len(seen), messages)
	}
}

// Messages that come before anybody listens are kept, at both ends. Bun drops them.
func TestMessagesBeforeAnybodyListens(t *testing.T) {
	keeps := func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, `
			for (let i = 0; i < 10; i++) process.send(i);
			setTimeout(() => process.on('message', (m) => process.send(m)), 100);`)
		for i := range 10 {
			send(t, child, fmt.Sprint("to the child ", i))
		}
		for i := range 10 {
			expectJSON(t, child, fmt.Sprint(i))
		}
		for i := range 10 {
			expectJSON(t, child, fmt.Sprintf(`"to the child %d"`, i))
		}
	}
	nodetest.EachNode(t, keeps)
	t.Run("deno", func(t *testing.T) { keeps(t, nodetest.Deno(t)) })
}
