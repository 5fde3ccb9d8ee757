package nodeipc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// requestMessage asks the peer, and responseMessage or errorMessage answers it. To Node they are users' messages, which its
// program reads and writes as they stand here.
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

// requests are the requests of this end that await their responses. The channel's mu guards it.
type requests struct {
	last    uint64 // id, 0 before the first request
	waiting map[uint64]chan response
}

// response is what Request returns.
type response struct {
	message Message
	err     error
}

// ResponseError is the error of Request when the peer has answered with an error.
type ResponseError struct {
	// Text is the peer's. It may have several lines.
	Text string
}

// Error returns one line that quotes the peer's text.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("nodeipc: request: the peer answered with the error %q", e.Text)
}

var (
	errRequestOnLoop = errors.New("nodeipc: request: the channel's loop cannot wait for the response: ask on another goroutine")
	errNoRequest     = errors.New("nodeipc: respond: the message is no request: see Message.IsRequest")
)

// Request sends a request, whose body is any value that Send takes, and waits for the response. The message that it returns is
// the response's body. The response's handle, if one came, belongs to the caller. Several requests may be under way at once, and
// the peer may answer them in any order.
//
// A Node program gets the request as a message {cmd: 'nodecluster:request', id, body}. It answers with {cmd:
// 'nodecluster:response', id, body}, or with {cmd: 'nodecluster:response', id, error} where error is a text:
//
//	process.on('message', (m) => {
//		if (m.cmd === 'nodecluster:request') process.send({ cmd: 'nodecluster:response', id: m.id, body: m.body + 1 });
//	});
//
// A Go program answers with [Message.Respond]. After a channel's first request, responses do not reach Receive, OnMessage or a
// Handler. One that no request awaits any more is dropped, and its handle is closed.
//
// Request fails as Send does. It returns a [*ResponseError] when the peer answers with an error, an error that matches
// ErrDisconnected when the channel ends before the response, and ctx's error. On the channel's loop it fails at once.
func (c *Channel) Request(ctx context.Context, body any) (Message, error) {
	switch {
	case c.isZero():
		return Message{}, errNotOpen
	case c.onLoop():
		return Message{}, errRequestOnLoop
	}
	id, reply := c.expectResponse()
	if err := c.Send(ctx, requestMessage{codec.RequestCommand, id, rawOf(body)}); err != nil {
		c.forgetResponse(id)
		return Message{}, err
	}
	c.flush() // what Send has deferred
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

// hasRequested reports whether this end has ever sent a request.
func (c *Channel) hasRequested() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests.last > 0
}

// takeResponse gives a response to the request that waits for it, or drops it.
func (c *Channel) takeResponse(m Message) {
	x, ok := c.codec.OpenExchange(m.payload)
	var id uint64
	if !ok || c.codec.Decode(x.ID, &id, codec.Known{}) != nil || !c.isAwaited(id) {
		closeHandle(m.Handle)
		return
	}
	r := c.responseOf(m, x)
	if !c.respond(id, r) {
		closeHandle(r.message.Handle)
	}
}

// isAwaited reports whether a request awaits the response with that id.
func (c *Channel) isAwaited(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests.waiting[id] != nil
}

// responseOf returns what a request comes to with a response.
func (c *Channel) responseOf(m Message, x codec.Exchange) response {
	if x.Error != nil {
		closeHandle(m.Handle)
		return response{err: &ResponseError{Text: c.textOf(x.Error)}}
	}
	m.payload = x.Body
	return response{message: c.withOwnMemory(m)}
}

// respond gives a request its response, and reports whether one awaited it.
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

// textOf returns the text of an error, whatever value the peer has sent as one.
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

// received is what a message that is a request knows of it.
type received struct {
	channel *Channel
	id      []byte // a payload
	size    int    // what the message keeps in memory beside the body
}

// asRequest returns a request with its body as the payload. A message without an id is no request, and is returned as it is.
func (c *Channel) asRequest(m Message) Message {
	x, ok := c.codec.OpenExchange(m.payload)
	if !ok {
		return m
	}
	m.request = &received{channel: c, id: x.ID, size: len(m.payload) + len(x.ID)}
	m.payload = x.Body
	return m
}

// IsRequest reports whether the message is a request, to which the peer awaits a response: from [Channel.Request], or from a Node
// program that has sent {cmd: 'nodecluster:request', id, body}. Decode and Payload give the body. Answer it once, with Respond or
// RespondError.
func (m Message) IsRequest() bool { return m.request != nil }

// Respond answers a request on the channel by which it came. The body is any value that Send takes. Respond blocks and fails as
// Send does, and fails when the message is no request. When it fails, nothing was sent, and the peer still waits: RespondError
// may tell it why.
func (m Message) Respond(ctx context.Context, body any) error {
	if m.request == nil {
		return errNoRequest
	}
	c := m.request.channel
	return c.Send(ctx, responseMessage{codec.ResponseCommand, c.codec.Raw(m.request.id), rawOf(body)})
}

// RespondError answers a request with an error, of which the peer gets the text: [Channel.Request] returns it as a
// [*ResponseError]. It blocks and fails as Respond does.
func (m Message) RespondError(ctx context.Context, text string) error {
	if m.request == nil {
		return errNoRequest
	}
	c := m.request.channel
	return c.Send(ctx, errorMessage{codec.ResponseCommand, c.codec.Raw(m.request.id), text})
}
