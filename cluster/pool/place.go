package pool

import (
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// stage is where a place is in the course of the workers that fill it.
type stage int

const (
	vacant       stage = iota // a worker is to be started
	filled                    // a worker runs
	exited                    // its process has ended, its channel has not
	disconnected              // its channel has ended, its process has not
	ending                    // so, and its process is being ended
	emptied                   // nothing is left of it, and what follows is to be decided
	finished                  // no worker is started any more

	stages int = iota
)

// move is what happens to a place.
type move int

const (
	fill       move = iota // a worker was started
	exit                   // its process has ended
	disconnect             // its channel has ended
	outstay                // its process has gone on without a channel for too long
	await                  // another worker is to be started, at once or later
	finish                 // none is
)

// no is in the table of moves where a move cannot be.
const no stage = -1

var moves = [...][stages]stage{
	//           vacant    filled        exited    disconnected  ending    emptied   finished
	fill:       {filled, no, no, no, no, no, no},
	exit:       {no, exited, no, emptied, emptied, no, no},
	disconnect: {no, disconnected, emptied, no, no, no, no},
	outstay:    {no, no, no, ending, no, no, no},
	await:      {vacant, no, no, no, no, vacant, no},
	finish:     {finished, finished, finished, finished, finished, finished, no},
}

// place is what one worker after the other fills.
type place struct {
	settings cluster.Settings
	env      []string // that tells its workers of the place
	stage    stage
	worker   *cluster.Worker // of which something is left, nil if there is none
	last     *cluster.Worker // that was started, nil if none was
	since    time.Time       // when it was started
	due      time.Time       // when one is to be started in a place that is vacant, or ended in one that is disconnected
	failures int             // in a row
	failed   bool            // what the last worker of which nothing is left did

	// What is known of the worker that fills it.
	broken    bool  // its channel has ended in an error
	ended     bool  // it was ended because it went on without its channel, and had not been asked to leave
	listenErr error // why it could not listen
}

// make makes a move, and reports whether it was one.
func (p *place) make(m move) bool {
	next := moves[m][p.stage]
	if next == no {
		return false
	}
	p.stage = next
	return true
}

// hasDue reports whether something is to be done to a place at this stage when it is due.
func (s stage) hasDue() bool { return s == vacant || s == disconnected }

// isDue reports whether that is so by now.
func (p *place) isDue(now time.Time) bool { return p.stage.hasDue() && !p.due.After(now) }

// fillWith has a worker fill the place.
func (p *place) fillWith(w *cluster.Worker) {
	p.make(fill)
	p.worker, p.last, p.since = w, w, time.Now()
	p.broken, p.ended, p.listenErr = false, false, nil
}

// awaitSuccessor has the place filled again after a pause.
func (p *place) awaitSuccessor(pause time.Duration) {
	p.make(await)
	p.due = time.Now().Add(pause)
}

// releaseListeners has what is held for the place's next worker closed: none is started any more.
func (p *place) releaseListeners() {
	if p.last != nil {
		p.last.ReleaseListeners()
	}
}

// finish has no worker started any more.
func (p *place) finish() {
	p.make(finish)
	p.releaseListeners()
}

// program is what the place's workers run, for messages.
func (p *place) program() string {
	if p.settings.Exec != "" {
		return p.settings.Exec
	}
	return p.settings.ExecPath
}
