package cluster

import (
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// TakeHandle gives the message's handle to the caller, who closes it, and leaves Message.Handle empty. It returns nil where no
// handle came with the message, and where it was converted, sent on, taken or closed before.
func (e MessageEvent) TakeHandle() *handlewrap.Handle {
	h := e.Message.Handle
	if h == nil {
		return nil
	}
	if h = h.WithType(h.Type()); h.FD() < 0 {
		return nil
	}
	return h
}

// handleOf is the handle of an event, nil if there is none.
func handleOf(e Event) *handlewrap.Handle {
	m, _ := e.(MessageEvent)
	return m.Message.Handle
}

// closeHandle closes what the program has left of a handle.
func closeHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}

// lentHandle is that of the event which Next has given last.
type lentHandle struct {
	mu      sync.Mutex
	handle  *handlewrap.Handle
	calls   int  // of Next, at the moment
	several bool // there were several at once
	closed  bool
}

// beginCall is for the beginning of a call of Next.
func (l *lentHandle) beginCall() {
	l.mu.Lock()
	l.calls++
	l.several = l.several || l.calls > 1
	returned := l.handle
	l.handle = nil
	if l.several {
		returned = nil
	}
	l.mu.Unlock()
	closeHandle(returned)
}

// endCall is for its end, with the handle that it gives.
func (l *lentHandle) endCall(h *handlewrap.Handle) {
	l.mu.Lock()
	l.calls--
	closed := l.closed
	if !closed && !l.several {
		l.handle = h
	}
	l.mu.Unlock()
	if closed {
		closeHandle(h)
	}
}

// close closes what is lent, now and later.
func (l *lentHandle) close() {
	l.mu.Lock()
	left := l.handle
	l.handle, l.closed = nil, true
	l.mu.Unlock()
	closeHandle(left)
}
