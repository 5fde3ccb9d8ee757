package nodeipc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// requestMessage asks the peer, and responseMessage or errorMessage answers it. They are users' messages to Node, whose program
// reads and writes them as they stand here.
type requestMessage struct {
	Command string `json:"cmd"`
	ID      uint64 `json:"id"`
	Body    any    `json:"body"`
}

type responseMessage struct {
	Command string `json:"cmd"`
	ID      any    `json:"id"` // as the request has it
	Body    any    `json:"body"`
}

type errorMessage struct {
	Command string `json:"cmd"`
	ID      any    `json:"id"`
	Error   string `json:"error"`
}

// requests are those of this end that await their responses. The channel's mu guards it.
type requests struct {
	last    uint64 // id; 0 while there was none
	waiting map[uint64]chan response
}

// response is what a request comes to.
type response struct {
	message Message
	err     error
}

// ResponseError is the error with which the peer has answered a request, in place of a body.
type ResponseError struct {
	// Text is the peer's.
	Text string
}

// Error is one line that quotes the peer's text.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("nodeipc: request: the peer answered with the error %q", e.Text)
}

var (
	errRequestOnLoop = errors.New("nodeipc: request: the channel's loop cannot wait for the response: ask on another goroutine")
	errNoRequest     = errors.New("nodeipc: respond: the message is no request: see Message.IsRequest")
)

// Request sends a request, whose body is any value that Send takes, and waits for the response. The message that it returns is the
// response's body; its handle, if one came, is the caller's. Requests may be under way at once, and the peer may answer them in any
// order.
//
// To a Node program a request is a message {cmd: 'nodecluster:request', id, body}, which it answers with one of
// {cmd: 'nodecluster:response', id, body} or {cmd: 'nodecluster:response', id, error}, where error is a text:
//
//	process.on('message', (m) => {
//		if (m.cmd === 'nodecluster:request') process.send({ cmd: 'nodecluster:response', id: m.id, body: m.body + 1 });
//	});
//
// A Go program answers with [Message.Respond]. From a channel's first request on, no response reaches Receive, OnMessage or a
// Handler: one that nobody waits for any more is dropped, and its handle closed.
//
// Request fails as Send does, with a [*ResponseError] when that is the response, with ErrDisconnected when the channel ends before
// it comes, and with ctx's error. On the channel's loop it fails at once.
func (c *Channel) Request(ctx context.Context, body any) (Message, error) {
	switch {
	case c.isZero():
		return Message{}, errNotOpen
	case c.callsUsers() && c.loop.IsCurrent():
		return Message{}, errRequestOnLoop
	}
	id, reply := c.expectResponse()
	if err := c.Send(ctx, requestMessage{codec.RequestCommand, id, body}); err != nil {
		c.forgetResponse(id)
		return Message{}, err
	}
	c.flush() // what Send left
	c.await(ctx, func() bool { return len(reply) > 0 })
	c.beginWait()
	defer c.endWait()
	select {
	case r := <-reply:
		return r.message, r.err
	case <-c.done:
	case <-ctx.Done():
	}
	c.forgetResponse(id)
	select {
	case r := <-reply: // it came meanwhile
		return r.message, r.err
	default:
	}
	if c.ended() {
		return Message{}, c.endError()
	}
	return Message{}, fmt.Errorf("nodeipc: request: %w", context.Cause(ctx))
}

// callsUsers reports whether the channel's loop calls functions of users that may call the channel, other than Options.Warn.
func (c *Channel) callsUsers() bool {
	return !c.ownLoop || c.options.Handler != nil || c.options.OnMessage != nil
}

func (c *Channel) expectResponse() (id uint64, reply chan response) {
	reply = make(chan response, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &c.requests
	if r.waiting == nil {
		r.waiting = map[uint64]chan response{}
	}
	r.last++
	r.waiting[r.last] = reply
	return r.last, reply
}

func (c *Channel) forgetResponse(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.requests.waiting, id)
}

// hasRequested reports whether this end ever sent a request.
func (c *Channel) hasRequested() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests.last > 0
}

// takeResponse gives a response to the request that waits for it, or drops it.
func (c *Channel) takeResponse(m Message) {
	x, ok := c.codec.OpenExchange(m.payload)
	var id uint64
	if !ok || c.codec.Decode(x.ID, &id, codec.Known{}) != nil || !c.awaits(id) {
		closeHandle(m.Handle)
		return
	}
	r := c.responseOf(m, x)
	if !c.respond(id, r) {
		closeHandle(r.message.Handle)
	}
}

// awaits reports whether a request waits for its response.
func (c *Channel) awaits(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests.waiting[id] != nil
}

// responseOf is what a request comes to with that response.
func (c *Channel) responseOf(m Message, x codec.Exchange) response {
	if x.Error != nil {
		closeHandle(m.Handle)
		return response{err: &ResponseError{Text: c.textOf(x.Error)}}
	}
	m.payload = x.Body
	return response{message: c.owned(m)}
}

// respond ends the wait of a request, and reports whether there was one.
func (c *Channel) respond(id uint64, r response) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	reply := c.requests.waiting[id]
	if reply == nil {
		return false
	}
	delete(c.requests.waiting, id)
	reply <- r
	return true
}

// textOf is an error as a text, whatever the peer has sent as one.
func (c *Channel) textOf(payload []byte) string {
	var text string
	if c.codec.Decode(payload, &text, codec.Known{}) == nil {
		return text
	}
	var value any
	if err := c.codec.Decode(payload, &value, codec.Known{}); err != nil {
		return err.Error()
	}
	if err, ok := value.(error); ok {
		return err.Error()
	}
	var raw json.RawMessage
	if err := c.codec.Decode(payload, &raw, codec.Known{}); err != nil {
		return err.Error()
	}
	return string(raw)
}

// received is what a message knows of the request that it is.
type received struct {
	channel *Channel
	id      []byte // a payload
	size    int    // of what it keeps in memory beside the body
}

// asRequest gives a request as users have it: its payload is the body. What has no id is an ordinary message.
func (c *Channel) asRequest(m Message) Message {
	x, ok := c.codec.OpenExchange(m.payload)
	if !ok {
		return m
	}
	m.request = &received{channel: c, id: x.ID, size: len(m.payload) + len(x.ID)}
	m.payload = x.Body
	return m
}

// IsRequest reports whether the peer awaits a response to the message: it is a request, from [Channel.Request] or from a Node
// program that has sent {cmd: 'nodecluster:request', id, body}. Decode and Payload give the body. Answer it with Respond or
// RespondError, once.
func (m Message) IsRequest() bool { return m.request != nil }

// Respond answers a request with a body, any value that Send takes, on the channel by which the request came. It blocks and fails
// as Send does, and where the message is no request. When it fails nothing was sent, and the peer still waits: RespondError may
// tell it why.
func (m Message) Respond(ctx context.Context, body any) error {
	if m.request == nil {
		return errNoRequest
	}
	c := m.request.channel
	return c.Send(ctx, responseMessage{codec.ResponseCommand, c.codec.Raw(m.request.id), body})
}

// RespondError answers a request with an error, of which the peer gets the text: a [*ResponseError] from [Channel.Request]. Else it is
// as Respond.
func (m Message) RespondError(ctx context.Context, text string) error {
	if m.request == nil {
		return errNoRequest
	}
	c := m.request.channel
	return c.Send(ctx, errorMessage{codec.ResponseCommand, c.codec.Raw(m.request.id), text})
}
