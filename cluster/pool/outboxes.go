package pool

import (
	"context"
	"fmt"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// outboxes have what routes send wait for workers that are slow to read, each for one worker.
type outboxes struct {
	primary *cluster.Primary
	writers sync.WaitGroup

	mu     sync.Mutex
	of     map[*cluster.Worker]*outbox.Outbox // of workers that were sent something
	closed bool
}

func newOutboxes(p *cluster.Primary) *outboxes {
	return &outboxes{primary: p, of: map[*cluster.Worker]*outbox.Outbox{}}
}

func (o *outboxes) tell(w *cluster.Worker, message any) error {
	box := o.open(w)
	if box == nil {
		return nodeipc.ErrDisconnected
	}
	return box.Tell(message)
}

// open is the outbox of a worker, nil for one whose channel has ended.
func (o *outboxes) open(w *cluster.Worker) *outbox.Outbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	if box := o.of[w]; box != nil {
		return box
	}
	select {
	case <-w.Disconnected():
		return nil
	default:
	}
	if o.closed {
		return nil
	}
	box := outbox.New(context.Background(), w, &o.writers, func(dropped int) { o.tellUnread(w, dropped) })
	o.of[w] = box
	return box
}

// tellUnread tells of messages that are dropped, and of how many there were.
func (o *outboxes) tellUnread(w *cluster.Worker, dropped int) {
	if dropped == 0 {
		o.primary.EmitError(w, fmt.Errorf("pool: messages for worker %d are dropped: %w", w.ID(), nodeipc.ErrNotReading))
		return
	}
	o.primary.EmitError(w, fmt.Errorf("pool: worker %d reads its messages again: %d were dropped", w.ID(), dropped))
}

// leave forgets a worker whose channel has ended.
func (o *outboxes) leave(w *cluster.Worker) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if box := o.of[w]; box != nil {
		box.Close()
		delete(o.of, w)
	}
}

// close waits until nothing is sent any more, once all channels have ended.
func (o *outboxes) close() {
	o.mu.Lock()
	o.closed = true
	for _, box := range o.of {
		box.Close()
	}
	o.mu.Unlock()
	o.writers.Wait()
}
