package nodeipc

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// socketCounts keeps count of the sockets that came from a server in the peer, by the server's key, and of the
// questions that this end has asked of those it gave away. The channel's mu guards it.
type socketCounts struct {
	open      map[string]int
	notify    map[string]int
	questions map[socketQuestion][]chan int
}

type socketQuestion struct{ answer, key string }

// socketMessage is any of NODE_SOCKET_*.
type socketMessage struct {
	Command string `json:"cmd"`
	Key     string `json:"key"`
	Count   *int   `json:"count,omitempty"`
}

const (
	socketNotifyClose = "NODE_SOCKET_NOTIFY_CLOSE"
	socketAllClosed   = "NODE_SOCKET_ALL_CLOSED"
	socketGetCount    = "NODE_SOCKET_GET_COUNT"
	socketCount       = "NODE_SOCKET_COUNT"
)

// WaitSocketsClosed waits until the peer has closed all sockets that were sent to it with this server key, as
// a Node server does in close(). It returns ErrDisconnected if the channel ends before.
func (c *Channel) WaitSocketsClosed(ctx context.Context, key string) error {
	_, err := c.askSockets(ctx, socketNotifyClose, socketAllClosed, key)
	return err
}

// CountSockets asks how many of the sockets that were sent to the peer with this server key it still has open,
// as a Node server does in getConnections(). It returns ErrDisconnected if the channel ends before.
func (c *Channel) CountSockets(ctx context.Context, key string) (int, error) {
	return c.askSockets(ctx, socketGetCount, socketCount, key)
}

func (c *Channel) askSockets(ctx context.Context, question, answer, key string) (int, error) {
	reply := make(chan int, 1)
	q := socketQuestion{answer, key}
	c.mu.Lock()
	if c.sockets.questions == nil {
		c.sockets.questions = map[socketQuestion][]chan int{}
	}
	c.sockets.questions[q] = append(c.sockets.questions[q], reply)
	c.mu.Unlock()
	if err := c.Send(ctx, socketMessage{Command: question, Key: key}); err != nil {
		return 0, err
	}
	select {
	case n, ok := <-reply:
		if !ok {
			return 0, fmt.Errorf("nodeipc: %s: %w", question, ErrDisconnected)
		}
		return n, nil
	case <-c.done:
		return 0, fmt.Errorf("nodeipc: %s: %w", question, ErrDisconnected)
	case <-ctx.Done():
		return 0, fmt.Errorf("nodeipc: %s: %w", question, context.Cause(ctx))
	}
}

// countSockets handles any NODE_SOCKET_* of the peer.
func (c *Channel) countSockets(m Message) {
	var s socketMessage
	if err := m.Decode(&s); err != nil {
		c.options.Warn(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch open := c.sockets.open[s.Key]; s.Command {
	case socketGetCount:
		c.tell(socketMessage{Command: socketCount, Key: s.Key, Count: &open})
	case socketNotifyClose:
		if open == 0 {
			c.tell(socketMessage{Command: socketAllClosed, Key: s.Key})
		} else {
			c.sockets.notify[s.Key]++
		}
	default:
		c.answered(s)
	}
}

// answered gives an answer to whoever has asked first.
func (c *Channel) answered(s socketMessage) {
	q := socketQuestion{s.Command, s.Key}
	waiting := c.sockets.questions[q]
	if len(waiting) == 0 {
		return
	}
	var n int
	if s.Count != nil {
		n = *s.Count
	}
	waiting[0] <- n
	if waiting = waiting[1:]; len(waiting) == 0 {
		delete(c.sockets.questions, q)
		return
	}
	c.sockets.questions[q] = waiting
}

// trackSocket counts a socket that came with a server's key until it is closed.
func (c *Channel) trackSocket(h *handlewrap.Handle, key string) {
	h.SetServerKey(key)
	c.mu.Lock()
	if c.sockets.open == nil {
		c.sockets.open, c.sockets.notify = map[string]int{}, map[string]int{}
	}
	c.sockets.open[key]++
	c.mu.Unlock()
	h.OnClose(func() { c.socketClosed(key) })
}

func (c *Channel) socketClosed(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets.open[key]--; c.sockets.open[key] > 0 {
		return
	}
	delete(c.sockets.open, key)
	for ; c.sockets.notify[key] > 0; c.sockets.notify[key]-- {
		c.tell(socketMessage{Command: socketAllClosed, Key: key})
	}
	delete(c.sockets.notify, key)
}

// tell sends a message of the channel's own in its order among the others; c.mu is held. Nothing is told to a
// peer that is gone.
func (c *Channel) tell(s socketMessage) {
	if c.state != connected {
		return
	}
	frame, err := c.encode(nil, s, nil)
	if err != nil {
		c.options.Warn(err)
		return
	}
	c.out.submit(message{frame: frame})
	c.flushLocked()
}

func (s *socketCounts) abandon() {
	s.open, s.notify, s.questions = nil, nil, nil
}
