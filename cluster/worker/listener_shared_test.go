//go:build unix

package worker

import (
	"net"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// slowToClose is a listener whose end takes until it is released, as that of a socket which a call of Accept still has.
type slowToClose struct {
	net.Listener
	closing, release chan struct{}
}

func (l slowToClose) Close() error {
	close(l.closing)
	<-l.release
	return l.Listener.Close()
}

// The primary is told that a server has ended when nobody can connect to its socket any more, also where the program closes the
// listener while the worker's leaving does.
func TestNobodyIsToldBeforeTheSocketIsClosed(t *testing.T) {
	nodetest.NoLeaks(t)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newProcess(t.Context(), JoinOptions{})
	slow := slowToClose{socket, make(chan struct{}), make(chan struct{})}
	r := p.newRegistration("key", nil)
	l := newSharedListener(slow, p, 0, r)
	drained, closed := make(chan struct{}), make(chan struct{})
	go func() { defer close(drained); l.drain() }()
	<-slow.closing
	go func() { defer close(closed); l.Close() }()
	isWithdrawn := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return r.withdrawn
	}
	select {
	case <-closed:
		t.Error("the listener is closed before its socket is")
	case <-time.After(20 * time.Millisecond):
	}
	if isWithdrawn() {
		t.Error("the primary is told before the socket is closed")
	}
	close(slow.release)
	<-drained
	<-closed
	if !isWithdrawn() {
		t.Error("the primary is not told")
	}
}
