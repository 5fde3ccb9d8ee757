package pool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// maxOutbox is how many bytes of messages may wait for a worker beside those in its channel.
	maxOutbox = 16 << 20
	// outboxCost is what a message costs beside its bytes.
	outboxCost = 512
)

// errOutboxFull is why a message of a route was not sent.
var errOutboxFull = fmt.Errorf("%w, and %d MiB wait for it", nodeipc.ErrNotReading, maxOutbox>>20)

// outboxes keep what has no room in the channels of workers, each for one worker, until these read.
type outboxes struct {
	mu      sync.Mutex
	waiting map[*cluster.Worker]*outbox // of workers that something waits for
	closed  bool
	sending sync.WaitGroup // of goroutines, one for each outbox
}

type outbox struct {
	queue []any
	cost  int
}

// tell sends a message, or has it wait. It does not wait itself.
func (o *outboxes) tell(w *cluster.Worker, message any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	box := o.waiting[w]
	if box == nil {
		if err := w.Tell(message); !errors.Is(err, nodeipc.ErrNotReading) {
			return err
		}
		if o.closed {
			return nodeipc.ErrDisconnected
		}
		box = &outbox{}
		o.waiting[w] = box
		o.sending.Go(func() { o.send(w, box) })
	}
	cost := costOf(message)
	if box.cost+cost > maxOutbox {
		return errOutboxFull
	}
	box.queue = append(box.queue, message)
	box.cost += cost
	return nil
}

// send sends what waits for a worker until nothing does, or the worker's channel has ended.
func (o *outboxes) send(w *cluster.Worker, box *outbox) {
	for {
		message, ok := o.first(w, box)
		if !ok {
			return
		}
		err := w.Send(context.Background(), message)
		o.sent(box, message, errors.Is(err, nodeipc.ErrDisconnected))
	}
}

// first is what waits first. Without any the outbox ends.
func (o *outboxes) first(w *cluster.Worker, box *outbox) (message any, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(box.queue) == 0 {
		delete(o.waiting, w)
		return nil, false
	}
	return box.queue[0], true
}

// sent takes off what waited first, and with the end of the channel all.
func (o *outboxes) sent(box *outbox, message any, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if over {
		box.queue = nil
		return
	}
	box.queue[0] = nil
	box.queue = box.queue[1:]
	box.cost -= costOf(message)
}

// close waits until nothing is sent any more, once all channels have ended.
func (o *outboxes) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.sending.Wait()
}

// costOf is what a message counts that waits. One that is passed on as it came has its bytes; the primary's own are small.
func costOf(message any) int {
	switch m := message.(type) {
	case json.RawMessage:
		return outboxCost + len(m)
	case structuredclone.RawMessage:
		return outboxCost + len(m)
	default:
		return 2 * outboxCost
	}
}
