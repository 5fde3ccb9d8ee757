//go:build linux

package main

import (
	"context"
	"sync"
	"time"
)

// load is clients that make requests.
type load struct {
	origin  time.Time
	end     context.CancelFunc
	running sync.WaitGroup
	clients []*client
}

func startLoad(ctx context.Context, address string, o *options) *load {
	ctx, end := context.WithCancel(ctx)
	l := &load{origin: time.Now(), end: end}
	for i := range o.clients {
		c := &client{number: i, address: address, keepAlive: i < o.keepAlive, pause: o.pause, origin: l.origin}
		l.clients = append(l.clients, c)
		l.running.Go(func() { c.run(ctx) })
	}
	return l
}

// now is the time since the load began.
func (l *load) now() time.Duration { return time.Since(l.origin) }

// stop lets the clients end their last requests, and gives what became of all. It may be called twice.
func (l *load) stop() (answered []sample, failed []failure) {
	l.end()
	l.running.Wait()
	for _, c := range l.clients {
		answered = append(answered, c.samples...)
		failed = append(failed, c.failures...)
	}
	return answered, failed
}
