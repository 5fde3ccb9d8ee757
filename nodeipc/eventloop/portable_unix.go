//go:build unix && (!linux || portable)

package eventloop

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller stands on the runtime's poller: two goroutines wait for each descriptor, one a direction, and hand what they see to the
// loop. They wait again when the loop has handled it.
type poller struct {
	ready  chan readiness
	awaken chan struct{}
	over   chan struct{}

	mu      sync.Mutex
	closed  bool
	watches map[int]*watch
	waiters sync.WaitGroup
}

type readiness struct {
	watch  *watch
	events Events
	taken  chan struct{}
}

// watch is one descriptor's place in the loop. file is a duplicate, so that closing it ends the waits and
// leaves the owner's descriptor open.
type watch struct {
	source Source
	file   *os.File
	raw    syscall.RawConn

	mu       sync.Mutex
	changed  sync.Cond
	interest Events
	held     bool
	removed  bool
}

func newPoller() (*poller, error) {
	return &poller{ready: make(chan readiness), awaken: make(chan struct{}, 1), over: make(chan struct{}), watches: map[int]*watch{}}, nil
}

func (p *poller) add(fd int, interest Events, s Source) error {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("eventloop: fcntl F_DUPFD_CLOEXEC: %w", err)
	}
	if err := unix.SetNonblock(dup, true); err != nil {
		unix.Close(dup)
		return fmt.Errorf("eventloop: set O_NONBLOCK: %w", err)
	}
	file := os.NewFile(uintptr(dup), "eventloop")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return fmt.Errorf("eventloop: %w", err)
	}
	w := &watch{source: s, file: file, raw: raw, interest: interest}
	w.changed.L = &w.mu
	if err := p.keep(fd, w); err != nil {
		file.Close()
		return err
	}
	go p.follow(w, Readable, unix.POLLIN, raw.Read)
	go p.follow(w, Writable, unix.POLLOUT, raw.Write)
	return nil
}

// keep gives a watch its place, and counts the two goroutines that are about to follow it.
func (p *poller) keep(fd int, w *watch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if p.watches[fd] != nil {
		return fmt.Errorf("eventloop: watch: descriptor %d: %w", fd, unix.EEXIST)
	}
	p.watches[fd] = w
	p.waiters.Add(2)
	return nil
}

func (p *poller) watch(fd int) *watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watches[fd]
}

func (p *poller) setInterest(fd int, interest Events) error {
	if w := p.watch(fd); w != nil {
		w.mu.Lock()
		w.interest = interest
		w.mu.Unlock()
		w.changed.Broadcast()
	}
	return nil
}

func (p *poller) rearm(fd int) {
	if w := p.watch(fd); w != nil {
		w.mu.Lock()
		w.held = false
		w.mu.Unlock()
		w.changed.Broadcast()
	}
}

func (p *poller) remove(fd int) {
	p.mu.Lock()
	w := p.watches[fd]
	delete(p.watches, fd)
	p.mu.Unlock()
	if w != nil {
		w.end()
	}
}

func (w *watch) end() {
	w.mu.Lock()
	w.removed = true
	w.mu.Unlock()
	w.changed.Broadcast()
	w.file.Close()
}

// wanted waits until one direction is of interest. It reports false when the watch has ended.
func (w *watch) wanted(direction Events) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.removed && (w.interest&direction == 0 || w.held) {
		w.changed.Wait()
	}
	return !w.removed
}

// claim reports whether the owner still waits for a direction that has become ready.
func (w *watch) claim(direction Events) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.removed || w.interest&direction == 0 || w.held {
		return false
	}
	w.held = w.interest&Edge != 0
	return true
}

func (p *poller) follow(w *watch, direction Events, poll int16, wait func(func(uintptr) bool) error) {
	defer p.waiters.Done()
	for w.wanted(direction) {
		if err := wait(func(fd uintptr) bool { return isReady(fd, poll) }); err != nil {
			return
		}
		taken := make(chan struct{})
		select {
		case p.ready <- readiness{w, direction, taken}:
		case <-p.over:
			return
		}
		select {
		case <-taken:
		case <-p.over:
			return
		}
	}
}

func isReady(fd uintptr, events int16) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// wait waits for an event, no longer than the timeout if that is not negative, and delivers it.
func (p *poller) wait(timeout time.Duration, begin func()) {
	var over <-chan time.Time
	if timeout >= 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case r := <-p.ready:
		begin()
		if r.watch.claim(r.events) {
			r.watch.source.Ready(r.events)
		}
		close(r.taken)
	case <-p.awaken:
	case <-over:
	}
}

func (p *poller) wake() {
	select {
	case p.awaken <- struct{}{}:
	default:
	}
}

func (p *poller) close() {
	close(p.over)
	p.mu.Lock()
	p.closed = true
	for fd, w := range p.watches {
		delete(p.watches, fd)
		w.end()
	}
	p.mu.Unlock()
	p.waiters.Wait()
}
