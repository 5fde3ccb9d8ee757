package cluster

import "sync/atomic"

// State is where a worker is in its life, as Node names it.
type State string

const (
	// StateNone: the process was started, and has not said that it runs.
	StateNone State = "none"
	// StateOnline: the worker runs, and has not listened yet.
	StateOnline State = "online"
	// StateListening: a server in the worker has listened. It stays so when the server is closed.
	StateListening State = "listening"
	// StateDisconnected: the channel has ended. The process may run on, or may have ended before the channel did.
	StateDisconnected State = "disconnected"
	// StateDead: the process has ended. The channel may be open still, or may have ended before the process did.
	StateDead State = "dead"
)

// life is a worker's state in more detail than Node's names have: a worker ends when its process and its channel have ended.
type life int32

const (
	started life = iota
	online
	listening
	disconnectedAlive // the channel has ended, the process has not
	deadConnected     // the process has ended, the channel has not
	disconnectedDead  // both, the channel last
	deadDisconnected  // both, the process last
)

var stateNames = [...]State{StateNone, StateOnline, StateListening, StateDisconnected, StateDead, StateDisconnected, StateDead}

// isDead reports whether the process has ended.
func (l life) isDead() bool { return l == deadConnected || l.isGone() }

// isGone reports whether both the process and the channel have ended.
func (l life) isGone() bool { return l == disconnectedDead || l == deadDisconnected }

// move is what happens to a worker.
type move int

const (
	goOnline move = iota
	goListening
	goDisconnect
	goExit
)

// after returns the life after a move, and whether the move is possible. A worker may say many times that it listens, but ends
// once.
func (l life) after(m move) (life, bool) {
	switch m {
	case goOnline:
		return online, l == started
	case goListening:
		return listening, l <= listening
	case goDisconnect:
		if l == deadConnected {
			return disconnectedDead, true
		}
		return disconnectedAlive, l <= listening
	default:
		if l == disconnectedAlive {
			return deadDisconnected, true
		}
		return deadConnected, l <= listening
	}
}

// lifeline holds a worker's life, for all goroutines to read and to wait for what comes next.
type lifeline struct {
	value        atomic.Int32
	listening    chan struct{}
	disconnected chan struct{}
	exited       chan struct{}
	gone         chan struct{}
}

func newLifeline() *lifeline {
	return &lifeline{
		listening: make(chan struct{}), disconnected: make(chan struct{}), exited: make(chan struct{}), gone: make(chan struct{}),
	}
}

func (l *lifeline) now() life { return life(l.value.Load()) }

// make makes a move, if that is possible, and reports whether it was. Only the loop calls it.
func (l *lifeline) make(m move) bool {
	before := l.now()
	next, ok := before.after(m)
	if !ok {
		return false
	}
	l.value.Store(int32(next))
	switch {
	case m == goListening && before != listening:
		close(l.listening)
	case m == goDisconnect:
		close(l.disconnected)
	case m == goExit:
		close(l.exited)
	}
	if next.isGone() {
		close(l.gone)
	}
	return true
}
