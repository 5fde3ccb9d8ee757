package eventloop

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Events says what a descriptor is ready for, or what its owner waits for.
type Events uint8

const (
	// Readable: a read would not block. A closed or broken peer is readable.
	Readable Events = 1 << iota
	// Writable: a write would not block.
	Writable
	// Edge asks to be told once when a descriptor becomes ready, and again only after [Loop.Rearm].
	Edge
)

// ErrClosed is returned by calls to a loop that was closed.
var ErrClosed = errors.New("eventloop: the loop is closed")

// A Source owns a descriptor that a loop watches.
type Source interface {
	// Ready is called on the loop when the descriptor is ready. It must not block.
	Ready(Events)
}

// A Loop watches descriptors and runs functions, one at a time, on a goroutine of its own or on that of a caller of [Loop.Drive].
// Make one with [New] and end it with [Loop.Close]. Its methods may be called from any goroutine unless they say otherwise.
type Loop struct {
	poll     *poller
	yielded  time.Time
	deferred []func()
	done     chan struct{}
	batch    bool
	timers   timers
	// goroutine is the number of the goroutine that is known to run the loop.
	goroutine atomic.Uint64

	mu         sync.Mutex
	posted     []func()
	spare      []func()
	awake      bool
	stopping   bool
	inBatch    bool
	later      []func()
	spareLater []func()
	driving
}

// New starts a loop. It fails when the system has no descriptors left, and with errors.ErrUnsupported on Windows.
func New() (*Loop, error) { return start(false) }

// NewBatch is New for a loop whose goroutine has a thread of its own, on Linux in SCHED_BATCH. That suits a loop which is
// woken by many small things that can be done together: it does not interrupt the process that wakes it. No process may be
// started on it, which would have the policy too.
func NewBatch() (*Loop, error) { return start(true) }

func start(batch bool) (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &Loop{poll: p, done: make(chan struct{}), batch: batch}
	go l.run()
	return l, nil
}

// Add begins to watch fd for interest, and calls s when it is ready. The fd stays the caller's, who must call [Loop.Remove]
// before closing it. Without interest fd is known to the loop but not watched. Add fails where fd cannot be watched, because it
// is no descriptor, a file, or watched already, and with [ErrClosed].
func (l *Loop) Add(fd int, interest Events, s Source) error { return l.poll.add(fd, interest, s) }

// SetInterest changes what fd is watched for. No interest at all is a pause.
func (l *Loop) SetInterest(fd int, interest Events) error { return l.poll.setInterest(fd, interest) }

// Rearm is called by the owner of an [Edge] descriptor when it has taken all that was there.
func (l *Loop) Rearm(fd int) { l.poll.rearm(fd) }

// Remove ends the watch of fd. When it is called on the loop, no call of Ready follows. When it is called elsewhere, one may be
// under way.
func (l *Loop) Remove(fd int) { l.poll.remove(fd) }

// Post has f run on the loop, after what was posted before, and does not wait. It reports false, and f will not run, when the
// loop is closed.
func (l *Loop) Post(f func()) bool {
	l.mu.Lock()
	if l.stopping {
		l.mu.Unlock()
		return false
	}
	l.posted = append(l.posted, f)
	wake := !l.awake
	l.awake = true
	l.resumeOwn()
	l.mu.Unlock()
	if wake {
		l.poll.wake()
	}
	return true
}

// Call has f run on the loop, after what was posted before, and waits until it has run. On the loop it runs f itself, at once,
// because the loop cannot wait for itself. It returns [ErrClosed] when f did not run.
//
// While a caller of [Loop.Drive] runs the loop, Call must not be called on it, except within [Loop.Known]: it would wait for
// ever.
func (l *Loop) Call(f func()) error {
	if l.IsCurrent() {
		f()
		return nil
	}
	ran := make(chan struct{})
	if !l.Post(func() { f(); close(ran) }) {
		return ErrClosed
	}
	<-ran
	return nil
}

// Defer has f run at the end of the present batch of events. It may be called on the loop only.
func (l *Loop) Defer(f func()) { l.deferred = append(l.deferred, f) }

// Later is Defer from any goroutine: it has f run at the end of the batch of events that is under way. It reports false, and f does not run,
// where none is.
func (l *Loop) Later(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inBatch {
		l.later = append(l.later, f)
	}
	return l.inBatch
}

// Close runs what was posted, ends the loop and waits until it has ended. It may be called twice. On the loop it panics, because
// it would wait for itself. The watched descriptors stay open, and belong to their owners.
func (l *Loop) Close() {
	if l.IsCurrent() {
		panic("eventloop: Close of a loop by a function that the loop runs, which it would wait for: call it on another goroutine")
	}
	l.mu.Lock()
	stopped := l.stopping
	l.stopping = true
	l.awake = true
	l.resumeOwn()
	l.mu.Unlock()
	if !stopped {
		l.poll.wake()
	}
	<-l.done
}

func (l *Loop) run() {
	defer close(l.done)
	defer l.poll.close()
	defer l.refuseTurn()
	l.goroutine.Store(goroutineNumber())
	if l.batch {
		defer lockBatchThread()()
	}
	for l.step() && l.giveTurn() {
	}
}

// step waits for one batch of events, and reports whether the loop goes on after it.
func (l *Loop) step() bool {
	l.yield()
	l.poll.wait(l.timers.untilNext(), l.beginBatch)
	more := l.runPosted()
	l.timers.runDue()
	l.runDeferred()
	l.endBatch()
	return more
}

// beginBatch is called when the poller has events, before it delivers them.
func (l *Loop) beginBatch() {
	l.mu.Lock()
	l.inBatch = true
	l.mu.Unlock()
}

// endBatch runs what waited for the end of the batch.
func (l *Loop) endBatch() {
	l.mu.Lock()
	fs := l.later
	l.inBatch = false
	if len(fs) == 0 {
		l.mu.Unlock()
		return
	}
	l.later, l.spareLater = l.spareLater[:0], nil
	l.mu.Unlock()
	runAll(fs)
	l.mu.Lock()
	l.spareLater = fs[:0]
	l.mu.Unlock()
}

// runAll runs functions, and forgets them.
func runAll(fs []func()) {
	for i, f := range fs {
		f()
		fs[i] = nil
	}
}

// yieldEvery is how long a goroutine runs the loop before it calls the scheduler. The scheduler would interrupt a goroutine that
// never did every 10 ms, and watch it closely afterwards, which costs more than all else that Go adds to a step.
const yieldEvery = 4 * time.Millisecond

func (l *Loop) yield() {
	if now := time.Now(); now.Sub(l.yielded) > yieldEvery {
		l.yielded = now
		runtime.Gosched()
	}
}

// runPosted runs the functions that were posted and reports whether the loop goes on.
func (l *Loop) runPosted() bool {
	l.mu.Lock()
	if !l.awake {
		l.mu.Unlock()
		return true
	}
	fs := l.posted
	l.posted, l.spare = l.spare[:0], nil
	l.awake = false
	stopping := l.stopping
	l.mu.Unlock()
	runAll(fs)
	l.mu.Lock()
	l.spare = fs[:0]
	l.mu.Unlock()
	return !stopping
}

func (l *Loop) runDeferred() {
	for i := 0; i < len(l.deferred); i++ {
		l.deferred[i]()
		l.deferred[i] = nil
	}
	l.deferred = l.deferred[:0]
}
