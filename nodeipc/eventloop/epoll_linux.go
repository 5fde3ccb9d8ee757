//go:build linux && !portable

package eventloop

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// wakeEvents is edge-triggered: each write to the eventfd is an event of its own. It need not be read, which could take away the
// event of a write that comes in between.
const wakeEvents = unix.EPOLLIN | unix.EPOLLET

type slot struct {
	source   Source
	interest Events
	age      int32
}

// poller is an epoll set. A slot's age tells an event of a closed descriptor from one of its successor with
// the same number.
type poller struct {
	epfd, wakefd int
	events       [128]unix.EpollEvent

	mu     sync.Mutex
	slots  []slot
	closed bool
}

func newPoller() (*poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventloop: epoll_create1: %w", err)
	}
	wakefd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epfd)
		return nil, fmt.Errorf("eventloop: eventfd: %w", err)
	}
	p := &poller{epfd: epfd, wakefd: wakefd}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, wakefd, &unix.EpollEvent{Events: wakeEvents, Fd: int32(wakefd)}); err != nil {
		p.close()
		return nil, fmt.Errorf("eventloop: epoll_ctl: %w", err)
	}
	return p, nil
}

func (p *poller) add(fd int, interest Events, s Source) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if fd < 0 {
		return fmt.Errorf("eventloop: watch: %w", unix.EBADF)
	}
	if fd >= len(p.slots) {
		p.slots = append(p.slots, make([]slot, fd+1-len(p.slots))...)
	}
	at := &p.slots[fd]
	if at.source != nil {
		return fmt.Errorf("eventloop: watch: descriptor %d: %w", fd, unix.EEXIST)
	}
	at.age++
	if err := p.change(fd, at, interest); err != nil {
		return err
	}
	at.source = s
	return nil
}

func (p *poller) setInterest(fd int, interest Events) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.watches(fd) {
		return nil
	}
	return p.change(fd, &p.slots[fd], interest)
}

// watches reports whether fd is known. The caller holds p.mu.
func (p *poller) watches(fd int) bool {
	return !p.closed && fd >= 0 && fd < len(p.slots) && p.slots[fd].source != nil
}

// change takes a descriptor without interest out of the set, because epoll reports a hang-up unasked.
func (p *poller) change(fd int, at *slot, interest Events) error {
	if interest == at.interest {
		return nil
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case at.interest == 0:
		op = unix.EPOLL_CTL_ADD
	case interest == 0:
		op = unix.EPOLL_CTL_DEL
	}
	event := unix.EpollEvent{Fd: int32(fd), Pad: at.age}
	if interest&Readable != 0 {
		event.Events |= unix.EPOLLIN | unix.EPOLLRDHUP
	}
	if interest&Writable != 0 {
		event.Events |= unix.EPOLLOUT
	}
	if interest&Edge != 0 {
		event.Events |= unix.EPOLLET
	}
	if err := unix.EpollCtl(p.epfd, op, fd, &event); err != nil {
		return fmt.Errorf("eventloop: epoll_ctl: %w", err)
	}
	at.interest = interest
	return nil
}

// rearm does nothing: the next arrival arms an edge-triggered event.
func (p *poller) rearm(int) {}

func (p *poller) remove(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.watches(fd) {
		return
	}
	p.change(fd, &p.slots[fd], 0)
	p.slots[fd].source, p.slots[fd].interest = nil, 0
}

// wait waits for events, no longer than the timeout if that is not negative, calls begin and delivers them.
func (p *poller) wait(timeout time.Duration, begin func()) {
	millis := -1
	if timeout >= 0 {
		millis = int(min((timeout+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
	}
	n, err := unix.EpollWait(p.epfd, p.events[:], millis)
	if err != nil {
		return
	}
	begin()
	for i := range p.events[:n] {
		p.deliver(&p.events[i])
	}
}

func (p *poller) deliver(event *unix.EpollEvent) {
	fd := int(event.Fd)
	if fd == p.wakefd {
		return
	}
	p.mu.Lock()
	var at slot
	if fd < len(p.slots) {
		at = p.slots[fd]
	}
	p.mu.Unlock()
	if at.source == nil || at.age != event.Pad {
		return
	}
	var ready Events
	if event.Events&^uint32(unix.EPOLLOUT) != 0 {
		ready |= Readable
	}
	if event.Events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		ready |= Writable
	}
	if ready &= at.interest; ready != 0 {
		at.source.Ready(ready)
	}
}

// wake excludes close, after which the eventfd's number may be another file's.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	unix.Write(p.wakefd, one[:])
}

func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.slots = nil
	unix.Close(p.wakefd)
	unix.Close(p.epfd)
}
