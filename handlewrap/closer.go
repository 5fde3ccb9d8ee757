package handlewrap

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxClosers is how many goroutines of one Closer close at once. Each may be kept by the system for long.
	maxClosers = 4
	// maxClosing is how many descriptors may wait before [Closer.OnFull] is called.
	maxClosing = 64
	// closePatience is how long [Closer.Wait] waits. A connection that lingers is interrupted well before.
	closePatience = time.Second
	// distrust is how long nothing is closed at once after closing has taken long.
	distrust = 10 * time.Second
)

var begun = time.Now()

// A Closer closes descriptors that a process which is not trusted has, or has had. To close one can take as long as that process
// wants: a TCP connection with SO_LINGER waits for a peer that does not read, and a file for the process that serves its file
// system. A Unix socket takes with it what is on its way in it, and that may be either.
//
// The methods may be called from any goroutine. None but Wait blocks. The zero value is ready for use, and needs no end.
type Closer struct {
	// OnFull is called with true when many descriptors wait to be closed, and with false when few do again. It must not block, nor
	// call the closer. It may be nil, and must be set before the first call of a method.
	OnFull func(full bool)

	distrusts atomic.Int64 // until when, as the time since the program began; 0 before closing one has taken long

	mu      sync.Mutex
	waiting []int
	closing int // goroutines
	full    bool
	idle    chan struct{} // closed when nothing is being closed
}

// Close closes a socket that this process has made or accepted, and that another has had since. It closes at once what does not
// linger, which takes two short system calls more than closing does. On Linux a close that takes long all the same is interrupted
// after some 25 ms, and then the closer closes nothing at once for 10 seconds.
func (c *Closer) Close(fd int) {
	if c.isDistrustful() || lingers(fd) {
		c.CloseLater(fd)
	} else if closeGuarded(fd) {
		c.distrusts.Store(int64(time.Since(begun) + distrust))
	}
}

// isDistrustful reports whether closing has taken long not long ago. It is no more for ever than the moment is in which a busy system
// lets this thread wait for a CPU.
func (c *Closer) isDistrustful() bool {
	until := c.distrusts.Load()
	if until == 0 {
		return false
	}
	if int64(time.Since(begun)) < until {
		return true
	}
	c.distrusts.CompareAndSwap(until, 0)
	return false
}

// CloseLater closes any descriptor on another goroutine.
func (c *Closer) CloseLater(fd int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, fd)
	if c.closing < maxClosers {
		if c.closing++; c.closing == 1 {
			c.idle = make(chan struct{})
		}
		go c.run()
	}
	c.report(len(c.waiting) > maxClosing)
}

// Wait waits until nothing is left to close, but no longer than a second: what the system keeps then is no socket, and ends with
// the process.
func (c *Closer) Wait() {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(closePatience):
	}
}

// run closes until nothing waits.
func (c *Closer) run() {
	for fd, ok := c.next(); ok; fd, ok = c.next() {
		closeGuarded(fd)
	}
}

// next takes a descriptor that waits. Where there is none, a goroutine less is closing.
func (c *Closer) next() (fd int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting = nil
		if c.closing--; c.closing == 0 {
			close(c.idle)
			c.idle = nil
		}
		return -1, false
	}
	fd, c.waiting = c.waiting[0], c.waiting[1:]
	if len(c.waiting) <= maxClosing/2 {
		c.report(false)
	}
	return fd, true
}

// report calls OnFull when that has changed. The caller holds c.mu.
func (c *Closer) report(full bool) {
	if full != c.full {
		c.full = full
		if c.OnFull != nil {
			c.OnFull(full)
		}
	}
}

// NewHandle returns a handle as [New] does, for a descriptor that came from another process. Its Close never blocks either: what
// may take long is left to the closer, and no error tells of it.
func (c *Closer) NewHandle(t Type, fd int) *Handle {
	h := New(t, fd)
	h.closer = c
	return h
}

// CloseHandle closes a handle of this process's that another has had, as the Close of one that NewHandle made.
func (c *Closer) CloseHandle(h *Handle) { h.closeBy(c.closeAny) }

// closeAny closes a descriptor of which nothing is known.
func (c *Closer) closeAny(fd int) error {
	if closesAtOnce(fd) {
		c.Close(fd)
	} else {
		c.CloseLater(fd)
	}
	return nil
}
