package pool

import (
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// stage is where a place is: in the course of the workers that fill it, and in that of a successor that is tried beside them.
type stage int

const (
	vacant       stage = iota // a worker is to be started
	filled                    // a worker runs
	exited                    // its process has ended, its channel has not
	disconnected              // its channel has ended, its process has not
	ending                    // so, and its process is being ended
	emptied                   // nothing is left of it, and what follows is to be decided
	finished                  // no worker is started any more
	unopened                  // nobody has it until the successor that is tried does

	// The other half, of a successor.
	alone      // there is none
	starting   // one was started, and is to be ready
	proving    // it is ready, and is to stay well for a while
	standingBy // it has, and waits for those of other places

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
	try                    // a successor was started
	ready                  // it is ready
	standBy                // it has stayed well, and waits for others
	promote                // it has the place from now on, whatever has become of the worker before it
	drop                   // it has failed, or is not wanted any more
	vacate                 // the worker is asked to leave, and the successor is tried once it has
)

const (
	no   stage = -1 // the move cannot be
	same stage = -2 // it can, and says nothing of this half
)

// moves say for each move what becomes of both halves of a place. A move can be if it can be for both.
var moves = [...][stages]stage{
	//           vacant    filled        exited    disconnected  ending    emptied   finished  unopened  alone     starting  proving     standingBy
	fill:       {filled, no, no, no, no, no, no, no, same, same, same, same},
	exit:       {no, exited, no, emptied, emptied, no, no, no, same, same, same, same},
	disconnect: {no, disconnected, emptied, no, no, no, no, no, same, same, same, same},
	outstay:    {no, no, no, ending, no, no, no, no, same, same, same, same},
	await:      {vacant, no, no, no, no, vacant, no, vacant, same, same, same, same},
	finish:     {finished, finished, finished, finished, finished, finished, no, finished, same, same, same, same},
	try:        {same, same, same, same, same, same, same, same, starting, no, no, no},
	ready:      {same, same, same, same, same, same, same, same, no, proving, no, no},
	standBy:    {same, same, same, same, same, same, same, same, no, no, standingBy, no},
	promote:    {filled, filled, filled, filled, filled, filled, filled, filled, no, no, alone, alone},
	drop:       {same, same, same, same, same, same, same, same, no, alone, alone, alone},
	vacate:     {unopened, unopened, unopened, unopened, unopened, unopened, unopened, no, alone, no, no, no},
}

// place is what one worker after the other fills.
type place struct {
	number   int // the workers' instance number
	program  int // 0 for the pool's own, and then those of Options.Programs
	env      []string
	settings cluster.Settings
	stage    stage
	next     stage // of the successor that is tried
	tenant
	last        *cluster.Worker // that was started, nil if none was
	servers     servers         // of the last worker before this one that had any
	due         time.Time       // when one is to be started in a place that is vacant, or ended in one that is disconnected
	failures    int             // in a row
	failed      bool            // what the last worker of which nothing is left did
	restarts    int             // workers that have ended unasked and had a successor
	lastFailure error           // of the last worker that has failed, nil once one has been healthy
	trial       *trial          // nil if no successor is tried
}

// tenant is a worker, and what is known of it.
type tenant struct {
	worker    *cluster.Worker // of which something is left, nil if there is none
	since     time.Time       // when it was started
	online    bool            // it has said that it runs
	sentReady bool            // the message "ready", where that is waited for
	listens   servers         // on which it has listened
	fresh     int64           // bytes of memory that it used when it began to, 0 if that is not known
	boot      time.Duration   // how long it took to listen, or to be ready if it was tried; 0 before
	broken    bool            // its channel has ended in an error
	ended     bool            // it was ended because it went on without its channel, and had not been asked to leave
	listenErr error           // why it could not listen

	startup, readiness, liveness *checks // nil before they begin
	blocked                      bool    // see Options.MaxLag
}

// make makes a move, and reports whether it was one.
func (p *place) make(m move) bool {
	own, next := moves[m][p.stage], moves[m][p.next]
	if own == no || next == no {
		return false
	}
	if own != same {
		p.stage = own
	}
	if next != same {
		p.next = next
	}
	return true
}

// hasDue reports whether something is to be done to a place at this stage when it is due.
func (s stage) hasDue() bool { return s == vacant || s == disconnected }

// isDue reports whether that is so by now.
func (p *place) isDue(now time.Time) bool { return p.stage.hasDue() && !p.due.After(now) }

// fillWith has a worker fill the place.
func (p *place) fillWith(w *cluster.Worker) {
	p.make(fill)
	p.seat(newTenant(w))
}

func newTenant(w *cluster.Worker) tenant { return tenant{worker: w, since: time.Now()} }

// seat has a worker take the place of the one before it. What that one has listened on stays known until this one listens.
func (p *place) seat(t tenant) {
	if len(p.listens) > 0 {
		p.servers = p.listens
	}
	p.tenant, p.last = t, t.worker
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

// programOf is what workers of such settings run, for messages.
func programOf(s *cluster.Settings) string {
	if s.Exec != "" {
		return s.Exec
	}
	return s.ExecPath
}
