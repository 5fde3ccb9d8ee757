//go:build linux && !portable

package eventloop

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const tellsOfReads = true

// longestLull is how many milliseconds to wait for a peer that does not read.
const longestLull = 1

// lullSet is a set in which a poller waits for one peer's reading. A socket that has room becomes writable again with
// each read of its peer, of which an edge-triggered event tells.
type lullSet struct {
	epfd, socket int
	longest      int // in milliseconds
	events       [2]unix.EpollEvent
}

// watchReads makes the set, in which a wake-up ends the wait too.
func (p *poller) watchReads(fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("eventloop: epoll_create1: %w", err)
	}
	for _, event := range []unix.EpollEvent{
		{Events: unix.EPOLLOUT | unix.EPOLLET, Fd: int32(fd)},
		{Events: wakeEvents, Fd: int32(p.wakefd)},
	} {
		if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, int(event.Fd), &event); err != nil {
			unix.Close(epfd)
			return fmt.Errorf("eventloop: epoll_ctl: %w", err)
		}
	}
	p.reads = &lullSet{epfd: epfd, socket: fd, longest: longestLull}
	return nil
}

// forgetReads takes the events of what happened before.
func (p *poller) forgetReads() { unix.EpollWait(p.reads.epfd, p.reads.events[:], 0) }

// awaitRead waits for the next read of the peer, if there is anything for it to read.
func (p *poller) awaitRead() {
	if unread, err := unix.IoctlGetInt(p.reads.socket, unix.SIOCOUTQ); err == nil && unread > 0 {
		unix.EpollWait(p.reads.epfd, p.reads.events[:], p.reads.longest)
	}
}
