//go:build linux

package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// bridge is a primary and its test's process.
type bridge struct {
	channel *nodeipc.Channel
	wire    nodeipc.Serialization // of the channel, and of those to the workers
	log     *os.File              // for the runner
	pipes   *pipes
	primary *cluster.Primary
	setups  chan struct{} // setup events

	mu       sync.Mutex
	workers  map[int]*worker
	version  int
	received int // messages from the test's process
	arrived  *sync.Cond
}

// worker is a worker and what is still to be done with it, in the order of the test's calls.
type worker struct {
	*cluster.Worker
	line chan func()
}

func newBridge(channel *nodeipc.Channel, wire nodeipc.Serialization, log *os.File) *bridge {
	b := &bridge{channel: channel, wire: wire, log: log, setups: make(chan struct{}), workers: map[int]*worker{}}
	b.arrived = sync.NewCond(&b.mu)
	return b
}

// maxInLine is how many calls a test may make of a worker that does not read before they wait.
const maxInLine = 4096

func (b *bridge) add(w *cluster.Worker) *worker {
	added := &worker{w, make(chan func(), maxInLine)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.workers[w.ID()] = added
	go func() {
		for do := range added.line {
			do()
		}
	}()
	return added
}

func (b *bridge) worker(id int) *worker {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.workers[id]
}

// now does something after all that was asked of the worker before, and waits.
func (w *worker) now(do func()) {
	done := make(chan struct{})
	w.line <- func() { defer close(done); do() }
	<-done
}

// forward passes the test's messages on to workers until the test's process has ended.
func (b *bridge) forward() {
	for {
		m, err := b.channel.Receive(context.Background())
		if err != nil {
			break
		}
		o, err := b.decode(m)
		if err != nil {
			fail(err)
		}
		if w := b.worker(o.Worker); w != nil {
			w.line <- func() { b.send(w, o, m) }
		}
		b.mu.Lock()
		b.received++
		b.mu.Unlock()
		b.arrived.Broadcast()
	}
	b.flush()
}

// flush lets go out what was sent to workers. One that does not read cannot hold it up for long.
func (b *bridge) flush() {
	b.mu.Lock()
	workers := slices.Collect(maps.Values(b.workers))
	b.mu.Unlock()
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		for _, w := range workers {
			w.now(func() {})
		}
	}()
	select {
	case <-flushed:
	case <-time.After(time.Second):
	}
}

// await waits for the messages that the test had sent before its call.
func (b *bridge) await(messages int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.received < messages {
		b.arrived.Wait()
	}
}

// tell sends the test's process an event.
func (b *bridge) tell(event any) {
	if err := b.channel.Send(context.Background(), event); err != nil && !errors.Is(err, nodeipc.ErrDisconnected) {
		fail(err)
	}
}

// list is which workers there are, and a number that grows with each list.
type list struct {
	Version int   `json:"version"`
	Workers []int `json:"workers"`
}

func (b *bridge) list() list {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version++
	l := list{b.version, []int{}}
	for _, w := range b.primary.Workers() {
		l.Workers = append(l.Workers, w.ID())
	}
	return l
}
