package egg

import (
	"context"
	"encoding/json"
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
	o := &outbox{channel: c, ctx: ctx, writers: &writers, unread: func(dropped int) { told <- dropped }}
	message := func(i int) json.RawMessage { return fmt.Appendf(nil, `{"n":%d,"pad":"%01000d"}`, i, 0) }
	fits := maxWaiting / (len(message(10000)) + messageCost)
	for i := range fits + 100 {
		o.Tell(message(10000 + i))
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
