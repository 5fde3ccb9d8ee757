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
	address string
	ending  chan struct{}
	running sync.WaitGroup

	mu     sync.Mutex
	counts [outcomes]int
	alive  []int // pids that have answered and were not killed
	killed map[int]bool
	kills  int
	err    error
}

func startLoad(address string) *load {
	l := &load{address: address, ending: make(chan struct{}), killed: map[int]bool{}}
	for i := range clients {
		l.running.Go(func() { l.client(measure.ClientAddress(i)) })
	}
	return l
}

// stop lets the clients end their last requests.
func (l *load) stop() error {
	close(l.ending)
	l.running.Wait()
	return l.err
}

func (l *load) client(from net.Addr) {
	for {
		select {
		case <-l.ending:
			return
		default:
		}
		outcome, pid, err := request(from, l.address, patience)
		l.mu.Lock()
		if err != nil {
			l.err = err
			l.mu.Unlock()
			return
		}
		l.counts[outcome]++
		if outcome == answered {
			l.seen(pid)
		}
		l.mu.Unlock()
	}
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
