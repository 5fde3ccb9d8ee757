package routes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// What prom-client's primary and its workers call their messages.
const (
	promRequest  = "prom-client:getMetricsReq"
	promResponse = "prom-client:getMetricsRes"
)

const (
	// promDeadline is the default of PromClientOptions.Deadline.
	promDeadline = time.Second
	// promAskAgain is how long a worker without a registry is left in peace.
	promAskAgain = time.Minute
	// maxPromAnswer is the longest answer that is taken, and maxPromKept how long all are together that are kept, in bytes.
	maxPromAnswer = 2 << 20
	maxPromKept   = 32 << 20
)

// PromClientOptions are how metrics are collected. The zero value is fine.
type PromClientOptions struct {
	// Deadline is how long [PromClient.Collect] waits for answers; 0 is for 1 s.
	Deadline time.Duration
	// Reserved are how the names of metrics begin that the program has itself. Those of workers are left out.
	Reserved []string
}

// PromClient is the route of the package prom-client: it does what the package's AggregatorRegistry does in a primary of Node's. Workers that
// have made an AggregatorRegistry answer it. Make one with [NewPromClient] for each pool. Its methods may be called from any goroutine.
type PromClient struct {
	options PromClientOptions

	mu      sync.Mutex
	asked   uint64 // the number of the last question
	kept    int    // bytes of all answers
	workers map[*cluster.Worker]*promWorker
	changed chan struct{} // closed and replaced when an answer has come or a worker has gone
}

// promWorker is what is known of a worker.
type promWorker struct {
	answers  bool            // it has answered at some time
	silent   bool            // a deadline has passed without an answer, and there has been none before
	askedAt  time.Time       // when it was asked last
	answered uint64          // the question that the last answer is for
	answer   nodeipc.Message // the last answer
	size     int             // of the answer, in bytes
	refused  error           // why the last answer was not kept
}

// NewPromClient makes the route of one pool.
func NewPromClient(o PromClientOptions) *PromClient {
	if o.Deadline <= 0 {
		o.Deadline = promDeadline
	}
	return &PromClient{options: o, workers: map[*cluster.Worker]*promWorker{}, changed: make(chan struct{})}
}

// Name is the package's.
func (c *PromClient) Name() string { return "prom-client" }

// Matches reports whether a message is an answer to the question for metrics.
func (c *PromClient) Matches(m nodeipc.Message) bool {
	if !bytes.Contains(m.Payload(), []byte(promResponse)) {
		return false
	}
	var about struct {
		Type string `json:"type"`
	}
	return m.Decode(&about) == nil && about.Type == promResponse
}

// Take keeps an answer in place of the worker's last one.
func (c *PromClient) Take(_ *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	var about struct {
		RequestID uint64 `json:"requestId"`
	}
	err := m.Decode(&about)
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.workers[from]
	if err != nil || w == nil || about.RequestID <= w.answered || about.RequestID > c.asked {
		return // it is no answer to what was asked
	}
	c.forget(w)
	w.answers, w.silent, w.answered = true, false, about.RequestID
	if size := len(m.Payload()); size > maxPromAnswer || c.kept+size > maxPromKept {
		w.refused = fmt.Errorf("its metrics are too large: %d bytes, of %d for a worker and %d for all", size, maxPromAnswer, maxPromKept)
	} else {
		w.answer, w.size = m, size
		c.kept += size
	}
	c.tell()
}

// Leave forgets a worker.
func (c *PromClient) Leave(_ *pool.Router, w *cluster.Worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(w)
	c.tell()
}

func (c *PromClient) remove(w *cluster.Worker) {
	if state := c.workers[w]; state != nil {
		c.forget(state)
		delete(c.workers, w)
	}
}

// forget drops a worker's answer.
func (c *PromClient) forget(w *promWorker) {
	c.kept -= w.size
	w.answer, w.size, w.refused = nodeipc.Message{}, 0, nil
}

func (c *PromClient) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Collect asks workers for their metrics, such as all of [pool.Pool.Workers], and aggregates those as the package does. Of a worker that
// does not answer before the deadline or the end of ctx it takes the last answer, so that counters do not fall. A worker that has never
// answered is taken for one without a registry: it is waited for once, and asked again once a minute at most.
func (c *PromClient) Collect(ctx context.Context, workers []*cluster.Worker) PromMetrics {
	ctx, cancel := context.WithTimeout(ctx, c.options.Deadline)
	defer cancel()
	question, awaited := c.ask(workers)
	c.await(ctx, question, awaited)
	return c.aggregate(question, workers)
}

// ask sends the question to workers, and gives its number and those whose answers are to be waited for.
func (c *PromClient) ask(workers []*cluster.Worker) (question uint64, awaited []*cluster.Worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.workers {
		if !w.IsConnected() {
			c.remove(w) // or Leave has come before it was asked
		}
	}
	c.asked++
	now := time.Now()
	for _, w := range workers {
		state := c.workers[w]
		if !w.IsConnected() || state != nil && state.silent && now.Sub(state.askedAt) < promAskAgain {
			continue
		}
		if state == nil {
			state = &promWorker{}
			c.workers[w] = state
		}
		state.askedAt = now
		err := w.Tell(struct {
			Type      string `json:"type"`
			RequestID uint64 `json:"requestId"`
		}{promRequest, c.asked})
		if err == nil && !state.silent {
			awaited = append(awaited, w)
		}
	}
	return c.asked, awaited
}

// await waits until workers have answered a question, or have gone, or ctx ends. Those that have never answered by a deadline are silent.
func (c *PromClient) await(ctx context.Context, question uint64, workers []*cluster.Worker) {
	for {
		c.mu.Lock()
		changed, missing := c.changed, c.missing(question, workers)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			for _, state := range missing {
				state.silent = !state.answers
			}
		}
		c.mu.Unlock()
		if len(missing) == 0 || ctx.Err() != nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (c *PromClient) missing(question uint64, workers []*cluster.Worker) (missing []*promWorker) {
	for _, w := range workers {
		if state := c.workers[w]; state != nil && state.answered < question {
			missing = append(missing, state)
		}
	}
	return missing
}

// aggregate puts together what workers have answered, in their order.
func (c *PromClient) aggregate(question uint64, workers []*cluster.Worker) PromMetrics {
	a := newPromAggregation(c.options.Reserved)
	for _, w := range workers {
		c.mu.Lock()
		state := promWorker{}
		if kept := c.workers[w]; kept != nil {
			state = *kept
		}
		c.mu.Unlock()
		switch {
		case state.refused != nil:
			a.leaveOut("", w.ID(), state.refused)
		case state.size > 0:
			a.result.Workers++
			if state.answered < question {
				a.result.Late++
			}
			a.addAnswer(w.ID(), state.answer)
		}
	}
	return a.end()
}
