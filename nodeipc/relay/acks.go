package relay

import (
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

const (
	// maxUnanswered is how many handles of one direction may await their ACKs while those are still timed.
	maxUnanswered = 1 << 16
	// maxKept is how many of their descriptors stay open. Node has one handle on its way to a process, and this module eight.
	maxKept = 64
)

// acks times the answers to handles, which come in the handles' order, and keeps the descriptors until then: macOS may lose one
// that its sender closes while it is on its way.
type acks struct {
	mu   sync.Mutex
	sent [2][]*sentHandle
	lost [2]bool // too many to keep the order of
}

// sentHandle is a handle whose answer is awaited.
type sentHandle struct {
	at       time.Time
	fd       int // -1 while it is not sent, and where it is closed
	answered bool
}

// take notes a handle's message, and gives an answer its latency. It returns what is to be kept of a handle, if it is one.
func (a *acks) take(f *Frame) *sentHandle {
	switch f.Kind {
	case HandleMessage:
		return a.handle(f.Direction, f.Time)
	case ACK, NACK:
		f.Latency = a.answer(f.Direction.opposite(), f.Time)
	}
	return nil
}

func (a *acks) handle(d Direction, at time.Time) *sentHandle {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost[d] {
		return nil
	}
	unanswered := len(a.sent[d])
	if unanswered >= maxKept {
		a.sent[d][unanswered-maxKept].finish()
	}
	if unanswered == maxUnanswered {
		a.finishAll(d)
		a.lost[d] = true
		return nil
	}
	h := &sentHandle{at: at, fd: -1}
	a.sent[d] = append(a.sent[d], h)
	return h
}

func (a *acks) answer(d Direction, at time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sent[d]) == 0 {
		return 0
	}
	oldest := a.sent[d][0]
	a.sent[d] = a.sent[d][1:]
	oldest.finish()
	return at.Sub(oldest.at)
}

// keep keeps the descriptor of a handle that was sent until it is answered.
func (a *acks) keep(h *sentHandle, fd int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h.fd = fd; h.answered {
		h.finish()
	}
}

// close gives up what is kept, once nothing is passed on any more.
func (a *acks) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.finishAll(ToChild)
	a.finishAll(FromChild)
}

func (a *acks) finishAll(d Direction) {
	for _, h := range a.sent[d] {
		h.finish()
	}
	a.sent[d] = nil
}

// finish closes the descriptor, or has it closed as soon as it is sent.
func (h *sentHandle) finish() {
	h.answered = true
	if h.fd >= 0 {
		socket.Close(h.fd)
		h.fd = -1
	}
}
