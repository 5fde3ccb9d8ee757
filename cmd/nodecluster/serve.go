package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
)

// serve runs a pool until its workers are done or signals end it.
func serve(settings cluster.Settings, keep cluster.PoolSettings, log *eventLog) error {
	signals, release := catchSignals()
	defer release()
	stdin, err := workerStdin()
	if err != nil {
		return err
	}
	if stdin != nil {
		defer stdin.Close()
		settings.Stdin = stdin
	}
	pool, err := cluster.NewPool(settings, keep)
	if err != nil {
		return err
	}
	f := follow(pool, log)
	err = untilEnd(pool, signals, &f.stopping)
	pool.Close()
	logged := f.wait()
	if killed := f.killed.Load(); err == nil && killed > 0 {
		err = fmt.Errorf("%d of the workers had not left and had to be killed", killed)
	}
	if err != nil && !logged {
		return errReported
	}
	return err
}

// untilEnd starts a pool and waits for its end, on which a signal insists.
func untilEnd(pool *cluster.Pool, signals <-chan os.Signal, stopping *atomic.Bool) error {
	if err := pool.Start(); err != nil {
		return startError(err, pool.Settings())
	}
	select {
	case <-pool.Done():
		return pool.Err()
	case <-signals:
		stopping.Store(true)
		shutDown(pool, signals)
		return nil
	}
}

// shutDown asks workers to leave, and kills them at the next signal.
func shutDown(pool *cluster.Pool, signals <-chan os.Signal) {
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	down := make(chan struct{})
	go func() {
		defer close(down)
		pool.Shutdown(ctx)
	}()
	select {
	case <-down:
	case <-signals:
		kill()
		<-down
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
