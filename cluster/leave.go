package cluster

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// Disconnect has the worker leave, as Node's worker.disconnect() in a worker: its listeners close, the connections
// that they have accepted may end, then the primary is told and the channel closes. It does not wait; Done tells.
func (s *Self) Disconnect() {
	if s.channel != nil {
		s.leave(true)
	}
}

// Kill has the worker leave at once: the primary is told, the channel closes, and the process exits with code 0. It
// does not return.
func (s *Self) Kill() {
	if s.IsConnected() {
		s.mu.Lock()
		s.left, s.state = true, ProcessStateDestroying
		s.mu.Unlock()
		s.farewell()
		<-s.done
	}
	os.Exit(0)
}

// Close leaves the cluster at once, without a word to the primary, and frees what the channel held: the messages that
// nobody has received, and their handles. Listeners close too. It is for a process that goes on afterwards; for one
// that ends it is Disconnect that is wanted. It is safe to call twice, and does nothing in a process that runs alone.
func (s *Self) Close() error {
	if s.channel == nil {
		return nil
	}
	s.mu.Lock()
	s.left = true
	s.mu.Unlock()
	return s.channel.Close()
}

// leave begins the worker's leaving, which ends in hasLeft.
func (s *Self) leave(byUs bool) {
	s.mu.Lock()
	switch s.state {
	case ProcessStateDisconnecting, ProcessStateDestroying, ProcessStateDisconnected:
		s.mu.Unlock()
		return
	}
	s.left, s.byUs, s.state = true, byUs, ProcessStateDisconnecting
	s.open++
	s.mu.Unlock()
	s.end(ErrAskedToLeave)
	s.closeServers()
	s.closed()
}

// opened counts a server or connection that the worker's leaving waits for.
func (s *Self) opened() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
}

// closed is the end of what opened counted.
func (s *Self) closed() {
	s.mu.Lock()
	s.open--
	last := s.open == 0 && s.state == ProcessStateDisconnecting
	byUs := s.byUs
	s.mu.Unlock()
	switch {
	case !last || s.channel == nil:
	case byUs:
		s.farewell()
	default:
		s.channel.Disconnect()
	}
}

// farewell tells the primary that the worker goes by itself, and goes when that is known there.
func (s *Self) farewell() {
	s.tell(&wire.WorkerMessage{Act: wire.ActExitedAfterDisconnect}, func(_ *fromPrimary, h *handlewrap.Handle) {
		closeHandle(h)
		s.channel.Disconnect()
	})
}

// lost is the end of the channel. A primary that is gone is told from one that broke the protocol, of which a worker that
// ends says so: it is as if a Node worker had thrown.
func (s *Self) lost(err error) {
	s.mu.Lock()
	left := s.left
	s.state = ProcessStateDisconnected
	s.mu.Unlock()
	cause := ErrPrimaryLost
	broken := err != nil && !errors.Is(err, io.ErrUnexpectedEOF)
	if broken {
		cause = fmt.Errorf("%w: the channel of worker %d: %w", ErrPrimaryLost, s.id, err)
	}
	if !left && !s.options.OutlivePrimary {
		if broken {
			slog.Error("cluster: " + cause.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	s.end(cause)
	s.closeServers()
	close(s.done)
}
