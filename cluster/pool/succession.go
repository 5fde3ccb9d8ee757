package pool

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// startUp is how long a worker must live, if it does not listen, for its program to be one that works.
const startUp = 5 * time.Second

// succeed decides on the successor of a worker of which nothing is left.
func (p *Pool) succeed(place *place) {
	w, outcome := place.worker, p.outcomeOf(place)
	failure := p.failure(place, w)
	place.worker, place.failed = nil, outcome == failed
	lived := time.Since(place.since)
	p.works = p.works || lived >= startUp
	if outcome == failed {
		p.blameRelease(place, failure)
	}
	if outcome == done || outcome == stops || outcome == failed && lived >= p.options.Healthy {
		place.failures, place.lastFailure = 0, nil
	}
	if outcome == failed {
		place.lastFailure = failure
	}
	switch {
	case outcome == stops, p.options.Restart == RestartNever, p.options.Restart == RestartOnFailure && outcome == done:
		place.finish()
		if outcome != done && outcome != stops && p.err == nil {
			p.err = failure
		}
	case outcome == failed && p.cannotWork():
		p.giveUp(failure)
	case outcome == failed:
		p.succeedLater(place)
	default:
		place.restarts++
		if !p.takeSpare(place, 0) {
			place.awaitSuccessor(p.options.MinPause)
		}
	}
}

// succeedLater plans a successor after a failure, later and later, or gives the place up. A spare comes at once.
func (p *Pool) succeedLater(place *place) {
	place.failures++
	if place.failures > p.options.MaxRestarts {
		place.finish()
		p.err = fmt.Errorf("pool: a worker failed %d times in a row and is not restarted any more", place.failures)
		p.primary.EmitError(nil, p.err)
		return
	}
	place.restarts++
	if pause := p.options.pause(place.failures); !p.takeSpare(place, pause) {
		place.awaitSuccessor(pause)
	}
}

// pause is how long a successor waits after so many failures in a row.
func (o *Options) pause(failures int) time.Duration {
	pause := o.MinPause
	for i := 1; i < failures && pause < o.MaxPause; i++ {
		pause *= 2
	}
	return min(pause, o.MaxPause)
}

// cannotWork reports whether the program is taken for broken: no worker has ever worked, the last one of every place has failed,
// and none is there that may do better. A program that is always to be restarted may wait for something that is not there yet.
func (p *Pool) cannotWork() bool {
	if p.works || p.options.Restart == RestartAlways {
		return false
	}
	for _, place := range p.places {
		if place.worker != nil || place.trial != nil || !place.failed {
			return false
		}
	}
	return true
}

// giveUp ends a pool of which no worker is left.
func (p *Pool) giveUp(err error) {
	p.err = err
	for _, place := range p.places {
		place.finish()
	}
}

// failure says how a worker failed, and why where that is known.
func (p *Pool) failure(place *place, w *cluster.Worker) error {
	program, status := programOf(&place.settings), w.ExitStatus()
	switch {
	case p.works:
		return fmt.Errorf("pool: %s ended with %v", program, status)
	case place.listenErr != nil:
		return fmt.Errorf("pool: %s ended with %v: %w", program, status, place.listenErr)
	}
	return fmt.Errorf("pool: %s ended with %v before it listened; what it printed says why", program, status)
}

// outcome is how a worker's life has ended.
type outcome int

const (
	done   outcome = iota // it had nothing more to do, or has left
	stops                 // by an exit code that no successor follows
	killed                // from outside, which says nothing against the program
	failed
)

// outcomeOf is that of the worker in a place of which nothing is left.
func (p *Pool) outcomeOf(place *place) outcome {
	status := place.worker.ExitStatus()
	switch {
	case place.ended: // by a shutdown, which asks it to leave
		return failed
	case place.worker.ExitedAfterDisconnect():
		return done
	case killsFromOutside(status.Signal):
		return killed
	case status.Signal == 0 && !place.broken && slices.Contains(p.options.StopExitCodes, status.Code):
		return stops
	case status.Code != 0 || place.broken:
		return failed
	}
	return done
}

// killsFromOutside reports whether a signal is one that others send. Those that a program's own faults raise are others.
func killsFromOutside(s syscall.Signal) bool {
	switch s {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}
