package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// serve runs a pool until its workers are done or signals end it.
func serve(settings cluster.Settings, o *options, log *eventLog) error {
	signals, release := catchSignals()
	defer release()
	workers, err := pool.New(settings, o.keep)
	if err != nil {
		return err
	}
	log.sizing(workers.Sizing())
	f := follow(workers, log)
	changes := logProgress(workers, log)
	r := newReloader(workers, o.keep.Reload, log)
	err = untilEnd(workers, signals, r, o.keep.LameDuck, &f.stopping)
	if errors.Is(err, errStuck) {
		return err
	}
	workers.Close()
	r.wait()
	changes.wait()
	f.wait()
	if killed := f.killed.Load(); err == nil && killed > 0 {
		err = fmt.Errorf("%d of the workers had not left and had to be killed", killed)
	}
	return err
}

// untilEnd starts a pool and waits for its end, on which a signal insists. A hang-up reloads, unless it says that the terminal is gone.
func untilEnd(workers *pool.Pool, signals *signals, r *reloader, lameDuck time.Duration, stopping *atomic.Bool) error {
	if err := workers.Start(); err != nil {
		return startError(err, workers.Settings())
	}
	r.start()
	for {
		select {
		case <-workers.Done():
			return workers.Err()
		case <-signals.hangups:
			if !signals.terminalIsGone() {
				r.request()
				continue
			}
		case <-r.idle:
			// A terminal's hang-up may come before the terminal is gone.
			if !signals.terminalIsGone() {
				continue
			}
		case <-signals.ends:
		}
		stopping.Store(true)
		return shutDown(workers, signals.ends, lameDuck)
	}
}

const (
	// sameSignal is how long after the first signal others are the same one: a terminal, a shell and a wrapper may each send it.
	sameSignal = time.Second
	// lastMoment is how long workers that were killed may take to end.
	lastMoment = time.Second
)

// errStuck is the end of a program that cannot end in order.
var errStuck = errors.New("the workers were killed, and the program ends without waiting for them: it stands still")

// shutDown asks workers to leave, and kills them when a signal insists. One that comes while the pool is a lame duck ends that first.
func shutDown(workers *pool.Pool, signals <-chan os.Signal, lameDuck time.Duration) error {
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	shut := func() <-chan struct{} {
		down := make(chan struct{})
		go func() {
			defer close(down)
			workers.Shutdown(ctx)
		}()
		return down
	}
	down, waiting := shut(), time.After(lameDuck)
	for last := time.Now(); ; {
		select {
		case <-down:
			return nil
		case <-waiting:
			waiting = nil
		case <-signals:
			switch {
			case time.Since(last) < sameSignal:
			case waiting == nil:
				kill()
				return killAll(workers, down)
			default:
				waiting, last = nil, time.Now()
				down = shut() // ends when the first one does
			}
		}
	}
}

// killAll kills the workers, and waits a moment for the end of their shutdown.
func killAll(workers *pool.Pool, down <-chan struct{}) error {
	workers.Kill()
	select {
	case <-down:
		return nil
	case <-time.After(lastMoment):
		return errStuck
	}
}

// startError says in a user's words why a worker could not be started.
func startError(err error, s cluster.Settings) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	var as string
	if s.UID != nil {
		as += fmt.Sprintf(" as user %d", *s.UID)
	}
	if s.GID != nil {
		as += fmt.Sprintf(" as group %d", *s.GID)
	}
	if as != "" && errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("cannot start workers%s: only root may do that", as)
	}
	return fmt.Errorf("cannot start %s%s: %w", path.Path, as, path.Err)
}
