package cluster

import (
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// drainStage is how far a worker is on its way from being asked to leave to knowing it.
type drainStage int

const (
	staying   drainStage = iota
	answering            // it is to leave, and is to answer for the connections on their way to it first
	settling             // it is to read what its clients have sent by now
	told                 // it knows, from the primary or by itself; or it has ended
)

// A worker that is told to leave closes its servers, and Node then ends the connections on which it has read nothing. So it is told
// only when it has read what was sent before.
const (
	// settleTime is how long what a client has sent may take to be there, after its connection.
	settleTime = 20 * time.Millisecond
	// answerLimit is how long a worker may take to answer for a connection if it reads.
	answerLimit = 500 * time.Millisecond
	// readLimit is how long it may take to read. To be told sooner would be of no use to one that does not.
	readLimit = 5 * time.Second
	// It is looked again whether it has read after a quarter of the time that it has taken, within these bounds.
	minReadPause = time.Millisecond
	maxReadPause = 50 * time.Millisecond
)

// drainSigns are what the stage that follows depends on.
type drainSigns struct {
	busy    bool          // there are connections on their way to the worker, or may be
	unread  bool          // it has not read all that the primary has said
	asked   time.Duration // since it was asked to leave
	settled time.Duration // since the stage settling began
}

// after returns the stage that follows, if the time for it has come. If not, it returns how long to wait before asking again.
func (s drainStage) after(g drainSigns) (next drainStage, wait time.Duration) {
	switch s {
	case answering:
		limit := answerLimit
		if g.unread {
			limit = readLimit
		}
		switch {
		case !g.busy || g.asked >= limit:
			return settling, settleTime
		case g.asked < answerLimit:
			return answering, answerLimit - g.asked
		}
		return answering, readPause(g.asked)
	case settling:
		switch {
		case g.asked >= readLimit || g.settled >= settleTime && !g.unread:
			return told, 0
		case g.settled < settleTime:
			return settling, settleTime - g.settled
		}
		return settling, readPause(g.settled)
	}
	return s, 0
}

func readPause(waited time.Duration) time.Duration {
	return min(max(waited/4, minReadPause), maxReadPause)
}

// drain is the state of a worker's draining.
type drain struct {
	stage          drainStage
	asked, settled time.Time
	timer          *time.Timer // of the next drainOn; nil before
	bySignal       bool        // it has got a signal, and is asked to leave when it has closed its servers
}

// disconnect asks workers to leave, all at once: what waits for them is not left to the last of them. It runs on the loop, as all that
// follows.
func (p *Primary) disconnect(workers ...*Worker) {
	var asked []*Worker
	for _, w := range workers {
		if w.beginDrain() {
			asked = append(asked, w)
		}
	}
	for _, w := range asked {
		w.retire()
		w.extendClaims(p.onLoop.graces.leaving)
		w.drainOn()
	}
}

// beginDrain asks a worker to leave, and reports whether it has to drain. One that has never listened is told at once.
func (w *Worker) beginDrain() bool {
	if w.life.now().isDead() || !w.child.Connected() {
		return false
	}
	w.left.Store(true)
	w.primary.dismiss(w)
	d := &w.onLoop.drain
	switch {
	case d.stage == told:
		w.retireAll()
		w.extendClaims(w.primary.onLoop.graces.leaving)
		return false
	case d.stage != staying:
		return false
	case len(w.onLoop.memberships) == 0 && w.life.now() < listening:
		w.tellToLeave()
		return false
	}
	d.stage, d.asked = answering, time.Now()
	w.leftFirst.Store(len(w.onLoop.memberships) == 0)
	return true
}

// closes is for a worker that has closed a server.
func (w *Worker) closes(key string) {
	w.leave(key)
	switch d := &w.onLoop.drain; d.stage {
	case staying:
		w.disconnectIfSignalled()
	case answering, settling:
		w.leftFirst.Store(true)
		w.drainOn()
	}
}

// hasSignal is for a worker that has got the signal that stops it.
func (w *Worker) hasSignal() {
	if w.life.now().isDead() {
		return
	}
	w.primary.dismiss(w)
	w.onLoop.drain.bySignal = true
	w.disconnectIfSignalled()
}

// disconnectIfSignalled asks a worker to leave that has closed its servers at a signal. It would go on for its channel alone.
func (w *Worker) disconnectIfSignalled() {
	if w.onLoop.drain.bySignal && len(w.onLoop.memberships) == 0 {
		w.primary.disconnect(w)
	}
}

// drainOn takes a worker that drains to its next stage, if it is time to. It is called after each change of what that depends on.
func (w *Worker) drainOn() {
	d := &w.onLoop.drain
	if d.stage != answering && d.stage != settling {
		return
	}
	next, wait := d.stage.after(drainSigns{
		busy:    len(w.onLoop.memberships) > 0 || !w.onLoop.offers.isEmpty(),
		unread:  w.onLoop.channel.HasUnread(),
		asked:   time.Since(d.asked),
		settled: time.Since(d.settled),
	})
	if next == told {
		w.tellToLeave()
		return
	}
	if next != d.stage {
		d.stage, d.settled = settling, time.Now()
		w.retireAll()
		w.postNothing() // once it is read, the worker has also read what its clients had sent
	}
	w.drainLater(wait)
}

func (w *Worker) drainLater(wait time.Duration) {
	d := &w.onLoop.drain
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, func() { w.primary.loop.Post(w.drainOn) })
	} else {
		d.timer.Reset(wait)
	}
}

func (w *Worker) tellToLeave() {
	w.endDrain()
	if a := w.onLoop.adoption; a != nil && a.leaving {
		return // it is told by its own primary
	}
	w.post(wire.PrimaryMessage{Command: wire.Command, Act: wire.ActDisconnect, Seq: w.primary.nextSeq()})
}

// endDrain is called when the worker is told to leave, and when it has ended or leaves by itself: a Node worker that is told to leave
// while it leaves already ends with an error.
func (w *Worker) endDrain() {
	d := &w.onLoop.drain
	d.stage = told
	if d.timer != nil {
		d.timer.Stop()
	}
	w.onLoop.adoption.resume()
}
