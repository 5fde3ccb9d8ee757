package relay

import (
	"sync"
	"time"
)

// maxUnanswered is how many handles of one direction may await their ACKs while those are still timed.
const maxUnanswered = 1 << 16

// acks times the answers to handles, which come in the handles' order.
type acks struct {
	mu   sync.Mutex
	sent [2][]time.Time
	lost [2]bool // too many to keep the order of
}

// take notes a handle's message, and gives an answer its latency.
func (a *acks) take(f *Frame) {
	switch f.Kind {
	case HandleMessage:
		a.handle(f.Direction, f.Time)
	case ACK, NACK:
		f.Latency = a.answer(f.Direction.opposite(), f.Time)
	}
}

func (a *acks) handle(d Direction, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost[d] {
		return
	}
	if len(a.sent[d]) == maxUnanswered {
		a.sent[d], a.lost[d] = nil, true
		return
	}
	a.sent[d] = append(a.sent[d], at)
}

func (a *acks) answer(d Direction, at time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sent[d]) == 0 {
		return 0
	}
	oldest := a.sent[d][0]
	a.sent[d] = a.sent[d][1:]
	return at.Sub(oldest)
}
