//go:build unix

package clients

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// Options say what clients do.
type Options struct {
	Address  string        // what they connect to
	Clients  int           // how many there are
	Patience time.Duration // how long a client waits before it opens the next connection
	Pause    time.Duration // between the end of a connection and the next one
	// IsWorker reports whether a process is a worker still, whose number may be another's by then. Nil is for a load so short that it is not.
	IsWorker func(pid int) bool
}

// A Load is clients that open one connection after the other while workers are killed, and what became of the connections.
type Load struct {
	options Options
	ending  chan struct{}
	running sync.WaitGroup
	ctx     context.Context // of the connections
	cancel  context.CancelFunc

	mu     sync.Mutex
	counts [Outcomes]int
	alive  []int // pids that have answered and were not killed
	killed map[int]bool
	kills  int
	err    error
}

// Start starts the clients, which go on until [Load.Stop].
func Start(ctx context.Context, o Options) *Load {
	l := &Load{options: o, ending: make(chan struct{}), killed: map[int]bool{}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	for i := range o.Clients {
		l.running.Go(func() { l.client(measure.ClientAddress(i)) })
	}
	return l
}

// Stop lets the clients end their last requests, and all connections that have no answer yet have one. Those that have none after
// patience have hung. The error is of a request that has none of the outcomes.
func (l *Load) Stop(patience time.Duration) error {
	close(l.ending)
	defer time.AfterFunc(patience, l.cancel).Stop()
	l.running.Wait()
	l.cancel()
	return l.err
}

// Counts are how many connections had each outcome.
func (l *Load) Counts() [Outcomes]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Kills is how many workers were killed.
func (l *Load) Kills() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kills
}

func (l *Load) client(from net.Addr) {
	for l.goesOn() {
		ended := make(chan struct{})
		l.running.Go(func() {
			defer close(ended)
			l.connect(from)
		})
		patience := time.NewTimer(l.options.Patience)
		select {
		case <-ended:
		case <-patience.C:
		}
		patience.Stop()
		l.pause()
	}
}

// pause is between two connections of a client.
func (l *Load) pause() {
	if l.options.Pause == 0 {
		return
	}
	timer := time.NewTimer(l.options.Pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ending:
	}
}

// goesOn reports whether a client opens another connection.
func (l *Load) goesOn() bool {
	select {
	case <-l.ending:
		return false
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err == nil
}

// connect sees a connection to its end, however long that takes: a client that has waited too long for a worker has not hung.
func (l *Load) connect(from net.Addr) {
	began := time.Now()
	outcome, pid, err := Request(l.ctx, from, l.options.Address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.err = err
		return
	}
	if outcome == Answered {
		l.seen(pid)
		if time.Since(began) > l.options.Patience {
			outcome = Late
		}
	}
	l.counts[outcome]++
}

// seen remembers a worker by its answer; mu is held.
func (l *Load) seen(pid int) {
	for _, known := range l.alive {
		if known == pid {
			return
		}
	}
	if !l.killed[pid] {
		l.alive = append(l.alive, pid)
	}
}

// Kill kills a worker that has answered, whichever, if there is one.
func (l *Load) Kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.alive) == 0 {
		return
	}
	i := rand.IntN(len(l.alive))
	pid := l.alive[i]
	l.alive = append(l.alive[:i], l.alive[i+1:]...)
	l.killed[pid] = true
	if l.options.IsWorker != nil && !l.options.IsWorker(pid) {
		return
	}
	if syscall.Kill(pid, syscall.SIGKILL) == nil {
		l.kills++
	}
}

// KillFor kills a worker every now and then. every is asked for each pause.
func (l *Load) KillFor(ctx context.Context, d time.Duration, every func() time.Duration) {
	over := time.After(d)
	for {
		pause := time.NewTimer(every())
		select {
		case <-over:
			pause.Stop()
			return
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
			l.Kill()
		}
	}
}

// AwaitWorkers waits until so many workers have answered, each within patience. goesOn says why no more are to be expected.
func AwaitWorkers(ctx context.Context, address string, n int, patience time.Duration, goesOn func() error) error {
	seen := map[int]bool{}
	var failure error
	client := 0
	err := measure.Await(fmt.Sprintf("answer from each of %d workers", n), func() bool {
		client++
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var o Outcome
		var pid int
		if o, pid, failure = Request(ctx, measure.ClientAddress(client), address); o == Answered && failure == nil {
			seen[pid] = true
		}
		return failure != nil || len(seen) == n
	}, goesOn)
	return errors.Join(failure, err)
}
