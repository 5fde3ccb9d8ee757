package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// slowChannel is a channel to a process that reads when it is told to.
type slowChannel struct {
	room chan struct{} // one for each message that there is room for

	mu   sync.Mutex
	sent []string
}

func (c *slowChannel) Tell(message any) error {
	select {
	case <-c.room:
		c.add(message)
		return nil
	default:
		return nodeipc.ErrNotReading
	}
}

func (c *slowChannel) Send(ctx context.Context, message any) error {
	select {
	case <-c.room:
		c.add(message)
		return nil
	case <-ctx.Done():
		return nodeipc.ErrDisconnected
	}
}

func (c *slowChannel) add(message any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, string(message.(json.RawMessage)))
}

func (c *slowChannel) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sent)
}

// TestOutboxKeepsOrderAndBounds has a process not read, and then read all: it gets what has had room, in order, and it is told how much has not.
func TestOutboxKeepsOrderAndBounds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	t.Cleanup(writers.Wait)
	t.Cleanup(cancel)
	c := &slowChannel{room: make(chan struct{})}
	told := make(chan int, 10)
	o := New(ctx, c, &writers, func(dropped int) { told <- dropped })
	message := func(i int) json.RawMessage { return fmt.Appendf(nil, `{"n":%d,"pad":"%01000d"}`, i, 0) }
	fits := MaxWaiting / (len(message(10000)) + messageCost)
	for i := range fits + 100 {
		if err := o.Tell(message(10000 + i)); errors.Is(err, nodeipc.ErrNotReading) != (i >= fits) {
			t.Fatalf("message %d: %v, where %d fit", i, err, fits)
		}
	}
	if n := nodetest.Receive(t, told, "word of the first that is dropped"); n != 0 {
		t.Errorf("%d were dropped before", n)
	}
	c.room <- struct{}{}
	if n := nodetest.Receive(t, told, "word of how many were dropped"); n != 100 {
		t.Errorf("%d were dropped, want 100", n)
	}
	close(c.room)
	writers.Wait()
	if c.count() != fits {
		t.Errorf("%d of %d messages came", c.count(), fits)
	}
	for i, got := range c.sent {
		if got != string(message(10000+i)) {
			t.Fatalf("message %d is %.40s", i, got)
		}
	}
}

// After Close what has no room is not kept, and no goroutine begins.
func TestClosedOutboxKeepsNothing(t *testing.T) {
	nodetest.NoLeaks(t)
	var writers sync.WaitGroup
	o := New(t.Context(), &slowChannel{room: make(chan struct{})}, &writers, func(int) {})
	o.Close()
	if err := o.Tell(json.RawMessage("1")); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("it is %v", err)
	}
	writers.Wait()
}
