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
		l.log.write(aboutChange(p, p.Change, changing[p.Change]+describePlace(p)+": "+p.Reason, slog.String("reason", p.Reason)))
	case p.Step == pool.Ended && p.Change == "scale":
		l.log.sizing(l.workers.Sizing())
	case p.Step == pool.Ended:
		l.log.write(aboutChange(p, changed[p.Change], changed[p.Change]+describePlace(p)))
	}
}

// What changes are called while they go on, and when they have ended.
var (
	changing = map[string]string{"replace": "replacing", "reload": "reloading", "scale": "scaling"}
	changed  = map[string]string{"replace": "replaced", "reload": "reloaded"}
)

// aboutChange is a line about a change, and about an instance if the change is about one.
func aboutChange(p pool.Progress, name, text string, attrs ...slog.Attr) entry {
	if p.Instance >= 0 {
		attrs = append(attrs, slog.Int("instance", p.Instance))
	}
	return entry{slog.LevelInfo, name, attrs, text}
}

func describePlace(p pool.Progress) string {
	if p.Instance < 0 {
		return ""
	}
	return fmt.Sprintf(" the worker of instance %d", p.Instance)
}
