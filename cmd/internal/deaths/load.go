//go:build unix

package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// load is clients that open one connection after the other, and what became of the connections.
type load struct {
	address  string
	patience time.Duration // how long a client waits before it opens the next connection
	ending   chan struct{}
	running  sync.WaitGroup
	ctx      context.Context // of the connections
	cancel   context.CancelFunc

	mu     sync.Mutex
	counts [outcomes]int
	alive  []int // pids that have answered and were not killed
	killed map[int]bool
	kills  int
	err    error
}

func startLoad(ctx context.Context, address string, patience time.Duration) *load {
	l := &load{address: address, patience: patience, ending: make(chan struct{}), killed: map[int]bool{}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	for i := range clients {
		l.running.Go(func() { l.client(measure.ClientAddress(i)) })
	}
	return l
}

// stop lets the clients end their last requests, and all connections that have no answer yet have one. Those that have none after
// patience have hung.
func (l *load) stop(patience time.Duration) error {
	close(l.ending)
	defer time.AfterFunc(patience, l.cancel).Stop()
	l.running.Wait()
	l.cancel()
	return l.err
}

func (l *load) client(from net.Addr) {
	for l.goesOn() {
		ended := make(chan struct{})
		l.running.Go(func() {
			defer close(ended)
			l.connect(from)
		})
		patience := time.NewTimer(l.patience)
		select {
		case <-ended:
		case <-patience.C:
		}
		patience.Stop()
	}
}

// goesOn reports whether a client opens another connection.
func (l *load) goesOn() bool {
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
func (l *load) connect(from net.Addr) {
	began := time.Now()
	outcome, pid, err := request(l.ctx, from, l.address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.err = err
		return
	}
	if outcome == answered {
		l.seen(pid)
		if time.Since(began) > l.patience {
			outcome = late
		}
	}
	l.counts[outcome]++
}

// seen remembers a worker by its answer; mu is held.
func (l *load) seen(pid int) {
	for _, known := range l.alive {
		if known == pid {
			return
		}
	}
	if !l.killed[pid] {
		l.alive = append(l.alive, pid)
	}
}

// kill kills a worker that has answered, whichever, if there is one.
func (l *load) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.alive) == 0 {
		return
	}
	i := rand.IntN(len(l.alive))
	pid := l.alive[i]
	l.alive = append(l.alive[:i], l.alive[i+1:]...)
	l.killed[pid] = true
	if syscall.Kill(pid, syscall.SIGKILL) == nil {
		l.kills++
	}
}

// killFor kills a worker every now and then.
func (l *load) killFor(ctx context.Context, d time.Duration) {
	over := time.After(d)
	tick := time.NewTicker(killEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			l.kill()
		}
	}
}
