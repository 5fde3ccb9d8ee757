package eventloop

import "time"

// grace is how long a loop waits for a caller of Drive that has left to come back. Meanwhile no goroutine runs it.
const grace = 5 * time.Millisecond

// turn says which goroutine runs a loop.
type turn uint8

const (
	turnOwn     turn = iota // its own goroutine
	turnCaller              // a caller of Drive
	turnAbsent              // a caller of Drive has left, and is expected back
	turnWanted              // its own goroutine, which is about to give it to a caller of Drive
	turnReturns             // a caller of Drive has left, and the loop's own goroutine is about to go on
)

// driving is how a loop goes from its own goroutine to callers of Drive and back. The loop's mu guards it.
type driving struct {
	turn   turn
	begin  chan bool     // tells a caller whether it is its turn
	resume chan struct{} // tells the loop's own goroutine
	left   uint          // counts the callers that have left
	seen   uint          // left, when the timer was set
	timer  *time.Timer
	ticks  bool // the timer runs
}

// Drive runs the loop on the calling goroutine until over reports true, which it asks before each wait. A goroutine that waits
// for what the loop brings saves two switches from thread to thread with that. When it has left, the loop waits a moment for it
// to come back, unless something is posted, before the loop's own goroutine goes on. That is good for a caller who comes back
// soon, and for no other.
//
// Drive reports false, and has done nothing, when another caller drives the loop or the loop is closed. What changes over's
// answer from elsewhere must call [Loop.Wake]. Drive must not be called on the loop.
func (l *Loop) Drive(over func() bool) bool {
	if !l.takeTurn() {
		return false
	}
	for !over() && l.step() {
	}
	l.leaveTurn()
	return true
}

// Wake ends the present wait of the loop, or the next one.
func (l *Loop) Wake() { l.Post(func() {}) }

// Resume has the loop's own goroutine go on at once where a caller of Drive has left it.
func (l *Loop) Resume() {
	l.mu.Lock()
	l.resumeOwn()
	l.mu.Unlock()
}

func (l *Loop) takeTurn() bool {
	l.mu.Lock()
	if l.stopping || l.turn == turnCaller || l.turn == turnWanted {
		l.mu.Unlock()
		return false
	}
	if l.turn == turnAbsent {
		l.turn = turnCaller
		l.mu.Unlock()
		return true
	}
	l.turn = turnWanted
	if l.begin == nil {
		l.begin, l.resume = make(chan bool, 1), make(chan struct{}, 1)
	}
	wake := !l.awake
	l.awake = true
	l.mu.Unlock()
	if wake {
		l.poll.wake()
	}
	return <-l.begin
}

func (l *Loop) leaveTurn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
	l.turn = turnAbsent
	if l.awake || l.stopping {
		l.resumeOwn()
		return
	}
	if !l.ticks {
		l.ticks, l.seen = true, l.left
		if l.timer == nil {
			l.timer = time.AfterFunc(grace, l.tick)
		} else {
			l.timer.Reset(grace)
		}
	}
}

// tick has the loop's own goroutine go on when no caller of Drive has come back within grace.
func (l *Loop) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.turn != turnAbsent:
		l.ticks = false
	case l.left == l.seen:
		l.ticks = false
		l.resumeOwn()
	default:
		l.seen = l.left
		l.timer.Reset(grace)
	}
}

// resumeOwn has the loop's own goroutine go on. The caller holds l.mu.
func (l *Loop) resumeOwn() {
	if l.turn == turnAbsent {
		l.turn = turnReturns
		l.resume <- struct{}{}
	}
}

// giveTurn gives the loop to a caller of Drive who wants it, waits until it comes back, and reports whether there is anything
// left to do.
func (l *Loop) giveTurn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn != turnWanted {
		return true
	}
	l.turn = turnCaller
	l.mu.Unlock()
	l.begin <- true
	<-l.resume
	l.mu.Lock()
	if l.turn == turnReturns { // else the next caller wants it already
		l.turn = turnOwn
	}
	return l.awake || !l.stopping
}

// refuseTurn tells a caller of Drive who wants the loop that it has ended.
func (l *Loop) refuseTurn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn == turnWanted {
		l.turn = turnOwn
		l.begin <- false
	}
}
