package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/pool"
)

// progressLog writes what a pool changes by itself, and why.
type progressLog struct {
	workers *pool.Pool
	log     *eventLog
	running sync.WaitGroup
}

// logProgress begins to write, until the pool has ended.
func logProgress(workers *pool.Pool, log *eventLog) *progressLog {
	l := &progressLog{workers: workers, log: log}
	steps := workers.Progress(context.Background())
	l.running.Go(func() {
		for step := range steps {
			if step.Reason != "" || step.Change == "shutdown" {
				l.write(step)
			}
		}
	})
	return l
}

// wait waits for the last line. The pool must have ended.
func (l *progressLog) wait() { l.running.Wait() }

// write writes a step, if it is one that is logged. An error of the pool's tells of a failure.
func (l *progressLog) write(p pool.Progress) {
	switch {
	case isAboutHealth(p):
		l.log.write(aboutHealth(p))
	case p.Step == pool.Begun:
		l.log.write(aboutChange(p))
	case p.Step == pool.Ended && p.Change == "replace":
		l.log.write(entry{
			slog.LevelInfo, "replaced", []slog.Attr{slog.Int("instance", p.Instance)}, fmt.Sprintf("replaced the worker of instance %d", p.Instance),
		})
	}
}

func aboutChange(p pool.Progress) entry {
	e := entry{level: slog.LevelInfo, name: p.Change, attrs: []slog.Attr{slog.String("reason", p.Reason)}}
	if p.Change == "replace" {
		e.attrs = append(e.attrs, slog.Int("instance", p.Instance))
		e.text = fmt.Sprintf("replacing the worker of instance %d: %s", p.Instance, p.Reason)
	}
	return e
}
