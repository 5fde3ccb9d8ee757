package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

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
