package metrics

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster/pool"
)

// DefaultReadyLag is how long the event loop of a worker may stand still that counts as ready.
const DefaultReadyLag = 5 * time.Second

// patience is how long an answer takes at most. A probe of Kubernetes that has a timeout of 2 s or more gets it.
const patience = 1500 * time.Millisecond

// Health says of a pool whether it lives, and whether clients are to be sent to it. No worker is asked, so that the answer comes at once while
// all of them are busy. Its methods may be called from any goroutine.
type Health struct {
	// Pool is the pool. Its Settings.LagPeriod should be ReadyLag or less: without one, workers count as ready that stand still.
	Pool *pool.Pool
	// ReadyLag is how long the event loop of a worker may stand still that counts as ready; [DefaultReadyLag] by default.
	ReadyLag time.Duration

	live, ready question
}

// Live returns nil if the primary's own loop moves, and says else for how long it has not been seen to. Workers do not matter: a container is
// not to be restarted for them. It takes 1.5 s at most.
func (h *Health) Live() error {
	_, err := h.live.ask(func() error { h.Pool.Workers(); return nil })
	if err != nil {
		return fmt.Errorf("the primary's loop does not move: %w", err)
	}
	return nil
}

// Ready returns nil if a worker listens that gets connections and whose event loop has moved lately, and the pool is not to end. Else it says
// what is not so. It takes 1.5 s at most.
func (h *Health) Ready() error {
	lag := h.ReadyLag
	if lag == 0 {
		lag = DefaultReadyLag
	}
	answer, err := h.ready.ask(func() error {
		switch {
		case h.Pool.ReadyWithin(lag):
			return nil
		case h.Pool.Ready():
			return fmt.Errorf("no event loop of a worker has moved for %v", lag)
		}
		return errors.New("no worker listens and gets connections, or the application ends")
	})
	if err != nil {
		return fmt.Errorf("the pool does not answer: %w", err)
	}
	return answer
}

// Wait waits for questions that were not answered in time. It is called once the pool is closed, which answers them.
func (h *Health) Wait() {
	h.live.running.Wait()
	h.ready.running.Wait()
}

// question is one that may not be answered. It is asked once at a time, however many want to know.
type question struct {
	running sync.WaitGroup

	mu    sync.Mutex
	asked *asked
}

// asked is a question under way.
type asked struct {
	since  time.Time
	done   chan struct{}
	answer error // once done is closed
}

// ask gives the answer, or an error if there is none in time.
func (q *question) ask(f func() error) (answer, err error) {
	a := q.begin(f)
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-a.done:
		return a.answer, nil
	case <-timeout.C:
		return nil, fmt.Errorf("there is no answer since %v", time.Since(a.since).Round(time.Millisecond))
	}
}

// begin asks, unless it is asked already.
func (q *question) begin(f func() error) *asked {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked != nil {
		return q.asked
	}
	a := &asked{since: time.Now(), done: make(chan struct{})}
	q.asked = a
	q.running.Go(func() {
		a.answer = f()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.asked = nil
		close(a.done)
	})
	return a
}
