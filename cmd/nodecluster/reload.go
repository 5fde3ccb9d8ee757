package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// reloader reloads a pool, one reload after the other.
type reloader struct {
	workers   *pool.Pool
	options   pool.ReloadOptions
	log       *eventLog
	requested chan struct{} // holds one request
	idle      chan struct{} // has something when a reload has ended
	running   sync.WaitGroup
}

func newReloader(workers *pool.Pool, o pool.ReloadOptions, log *eventLog) *reloader {
	o.Wait = true
	return &reloader{workers: workers, options: o, log: log, requested: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
}

// start begins to carry out what is requested, until the pool has ended.
func (r *reloader) start() {
	r.running.Go(func() {
		for {
			select {
			case <-r.requested:
				r.reload()
				notify(r.idle)
			case <-r.workers.Done():
				return
			}
		}
	})
}

// wait waits for the end of what start has begun. The pool must have ended.
func (r *reloader) wait() { r.running.Wait() }

// request has the pool reloaded: again if a reload is under way, which may have read its settings before.
func (r *reloader) request() { notify(r.requested) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (r *reloader) reload() {
	r.log.write(entry{slog.LevelInfo, "reload", nil, "reloading"})
	report, err := r.workers.Reload(context.Background(), r.options)
	switch {
	case errors.Is(err, cluster.ErrClosed): // the run ends
	case err != nil:
		r.log.write(aboutError(nil, fmt.Errorf("%w; the workers that were there go on", err)))
	default:
		r.log.write(aboutReload(report))
	}
}

func aboutReload(report pool.Report) entry {
	took := report.Took.Round(time.Millisecond)
	return entry{
		level: slog.LevelInfo,
		name:  "reloaded",
		attrs: []slog.Attr{slog.Int("workers", len(report.Replaced)), slog.Int64("ms", took.Milliseconds())},
		text:  fmt.Sprintf("reloaded %s in %v", plural(len(report.Replaced), "worker", "workers"), took),
	}
}
