package nodeipc

import (
	"context"
	"fmt"
	"slices"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// socketCounts counts the sockets that came from a server in the peer, by the server's key, and keeps the questions that this end
// has asked about those that it sent. The channel's mu guards it.
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

// WaitSocketsClosed waits until the peer has closed all sockets that were sent to it with this server key, as a Node server does
// in close(). It returns ErrDisconnected when the channel ends before, and ctx's error. On the channel's loop it fails at once.
func (c *Channel) WaitSocketsClosed(ctx context.Context, key string) error {
	_, err := c.askSockets(ctx, socketNotifyClose, socketAllClosed, key)
	return err
}

// CountSockets asks how many of the sockets that were sent to the peer with this server key are still open there, as a Node
// server does in getConnections(). It waits for the answer. It returns ErrDisconnected when the channel ends before, and ctx's
// error. On the channel's loop it fails at once.
func (c *Channel) CountSockets(ctx context.Context, key string) (int, error) {
	return c.askSockets(ctx, socketGetCount, socketCount, key)
}

func (c *Channel) askSockets(ctx context.Context, question, answer, key string) (int, error) {
	if c.isZero() {
		return 0, errNotOpen
	}
	if c.loop.IsCurrent() {
		return 0, fmt.Errorf("nodeipc: %s: the channel's loop cannot wait for the answer: ask on another goroutine", question)
	}
	reply := make(chan int, 1)
	q := socketQuestion{answer, key}
	c.expectAnswer(q, reply)
	if err := c.Send(ctx, socketMessage{Command: question, Key: key}); err != nil {
		c.forgetAnswer(q, reply)
		return 0, err
	}
	c.beginWait()
	defer c.endWait()
	select {
	case n := <-reply:
		return n, nil
	case <-c.done:
		return 0, fmt.Errorf("nodeipc: %s: %w", question, ErrDisconnected)
	case <-ctx.Done():
		return 0, fmt.Errorf("nodeipc: %s: %w", question, context.Cause(ctx))
	}
}

// expectAnswer puts a question in the order of its answers.
func (c *Channel) expectAnswer(q socketQuestion, reply chan int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets.questions == nil {
		c.sockets.questions = map[socketQuestion][]chan int{}
	}
	c.sockets.questions[q] = append(c.sockets.questions[q], reply)
}

// forgetAnswer takes out a question that was not sent, so that it does not get the next one's answer.
func (c *Channel) forgetAnswer(q socketQuestion, reply chan int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := slices.DeleteFunc(c.sockets.questions[q], func(r chan int) bool { return r == reply })
	c.sockets.setWaiting(q, waiting)
}

// countSockets handles any NODE_SOCKET_* of the peer.
func (c *Channel) countSockets(m Message) error {
	var s socketMessage
	if err := m.Decode(&s); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch open := c.sockets.open[s.Key]; s.Command {
	case socketGetCount:
		return c.sendSocketMessage(socketMessage{Command: socketCount, Key: s.Key, Count: &open})
	case socketNotifyClose:
		if open == 0 {
			return c.sendSocketMessage(socketMessage{Command: socketAllClosed, Key: s.Key})
		}
		c.sockets.notify[s.Key]++
	default:
		c.deliverAnswer(s)
	}
	return nil
}

// deliverAnswer gives an answer to the question that was asked first.
func (c *Channel) deliverAnswer(s socketMessage) {
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
	c.sockets.setWaiting(q, waiting[1:])
}

func (s *socketCounts) setWaiting(q socketQuestion, waiting []chan int) {
	if len(waiting) == 0 {
		delete(s.questions, q)
		return
	}
	s.questions[q] = waiting
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
	h.OnClose(func() { c.untrackSocket(key) })
}

func (c *Channel) untrackSocket(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets.open == nil {
		return // the channel has ended
	}
	if c.sockets.open[key]--; c.sockets.open[key] > 0 {
		return
	}
	notify := c.sockets.notify[key]
	delete(c.sockets.open, key)
	delete(c.sockets.notify, key)
	for range notify {
		if err := c.sendSocketMessage(socketMessage{Command: socketAllClosed, Key: key}); err != nil {
			c.loop.Post(func() { c.end(err) })
			return
		}
	}
}

// sendSocketMessage sends a message in its order among the others, or returns an error when the answers to the peer have piled
// up. The caller holds c.mu. On a channel that is disconnecting nothing is sent.
func (c *Channel) sendSocketMessage(s socketMessage) error {
	if c.state != connected {
		return nil
	}
	if err := c.out.roomForReply(c.options.SendBuffer); err != nil {
		return err
	}
	frame, err := c.encode(nil, s, nil)
	if err != nil {
		return err
	}
	c.out.submit(message{frame: frame})
	c.flushLocked()
	return nil
}

func (s *socketCounts) abandon() {
	s.open, s.notify, s.questions = nil, nil, nil
}
