//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// result is what a request came to.
type result struct {
	message nodeipc.Message
	err     error
}

// requesting sends a request, of which the peer gets the text that is given, and passes on what it comes to.
func requesting(t *testing.T, ctx context.Context, c *nodeipc.Channel, p *rawPeer, body any) (text string, results chan result) {
	t.Helper()
	results = make(chan result, 1)
	go func() {
		m, err := c.Request(ctx, body)
		results <- result{m, err}
	}()
	return p.line(), results
}

func (r result) expect(t *testing.T, want string) {
	t.Helper()
	if r.err != nil || text(r.message) != want {
		t.Errorf("the response is %s, %v, want %s", text(r.message), r.err, want)
	}
}

func TestResponses(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		for members, want := range map[string]string{
			`"body":{"a":[1]}`:                     `{"a":[1]}`,
			`"body":"text"`:                        `"text"`,
			`"body":null`:                          `null`,
			`"body":1,"error":null`:                `1`,
			`"error":"text"`:                       `error: text`,
			`"error":{"code":1},"body":1`:          `error: {"code":1}`,
			`"error":false`:                        `error: false`,
			`"error":""`:                           `error: `,
			`"more":[{"id":7}],"body":["x"]`:       `["x"]`,
			`"body":{"cmd":"NODE_CLUSTER"}`:        `{"cmd":"NODE_CLUSTER"}`,
			`"body":"` + kilobyte + kilobyte + `"`: `"` + kilobyte + kilobyte + `"`,
		} {
			c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
			question, results := requesting(t, patient(t), c, p, "question")
			if question != `{"cmd":"nodecluster:request","id":1,"body":"question"}` {
				t.Errorf("the request is %s", question)
			}
			p.write(`{"cmd":"nodecluster:response","id":1,` + members + "}\n")
			r := nodetest.Receive(t, results, "response")
			if failed := (*nodeipc.ResponseError)(nil); errors.As(r.err, &failed) {
				if got := "error: " + failed.Text; got != want {
					t.Errorf("the response with %.60s is the %s, want %.60s", members, got, want)
				}
			} else {
				r.expect(t, want)
			}
			c.Close()
		}
	})
}

// A response without a body is that of a Node program that has given undefined.
func TestResponseWithoutABody(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
		_, results := requesting(t, patient(t), c, p, 1)
		p.write(`{"cmd":"nodecluster:response","id":1}` + "\n")
		// In JSON undefined has no text.
		want := map[nodeipc.Serialization]string{nodeipc.JSON: "null", nodeipc.Advanced: ""}[s]
		nodetest.Receive(t, results, "response").expect(t, want)
	})
}

// Members come in any order, and with any space between them.
func TestRequestsAsOthersWriteThem(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	for _, text := range []string{
		`{"body":{"cmd":"x"},"cmd":"nodecluster:request","id":7}`,
		`{"id":7,"body":{"cmd":"x"},"cmd":"nodecluster:request"}`,
		`{"id": 7, "cmd": "nodecluster:request", "body": {"cmd":"x"}}`,
		`{"cmd":"\u006eodecluster:request","id":7,"body":{"cmd":"x"}}`,
		`{"cmd" :"nodecluster:request" ,"more":[{"}":"]"},"\"",-1.5e3,true] , "id" :7 ,"body" : {"cmd":"x"} }`,
	} {
		p.write(text + "\n")
		m := receive(t, c)
		if !m.IsRequest() || string(m.Payload()) != `{"cmd":"x"}` {
			t.Errorf("%s is a request: %v, of %s", text, m.IsRequest(), m.Payload())
			continue
		}
		if err := m.Respond(patient(t), 1); err != nil {
			t.Error(err)
		}
		p.expect(`{"cmd":"nodecluster:response","id":7,"body":1}`)
	}
}

// An id is the asker's, and comes back as it is.
func TestRequestsIDs(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
		for _, id := range []string{`0`, `-1.5`, `"a-b"`, `null`, `{"k":[1]}`, `9007199254740991`} {
			p.write(`{"cmd":"nodecluster:request","id":` + id + `,"body":"question"}` + "\n")
			m := receive(t, c)
			if text(m) != `"question"` {
				t.Errorf("the request is %s", text(m))
			}
			if err := errors.Join(m.Respond(patient(t), "answer"), m.RespondError(patient(t), "reason")); err != nil {
				t.Error(err)
			}
			p.expect(`{"cmd":"nodecluster:response","id":` + id + `,"body":"answer"}`)
			p.expect(`{"cmd":"nodecluster:response","id":` + id + `,"error":"reason"}`)
		}
	})
}

// What looks like a request, or like a response to one that was never sent, is an ordinary message.
func TestMessagesLikeRequests(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
		for _, message := range []string{
			`{"cmd":"nodecluster:request"}`, `{"cmd":"nodecluster:request","ID":1}`, `{"cmd":"nodecluster:requests","id":1}`,
			`{"CMD":"nodecluster:request","id":1}`, `{"cmd":["nodecluster:request"],"id":1}`, `["nodecluster:request"]`,
			`"nodecluster:request"`, `{"id":1,"body":"nodecluster:request"}`, `{"body":{"cmd":"nodecluster:request","id":1}}`,
			`{"cmd":"nodecluster:response","id":1,"body":1}`, `{"cmd":"nodecluster:response"}`,
		} {
			p.write(message + "\n")
			m := receive(t, c)
			if got := text(m); m.IsRequest() || got != message {
				t.Errorf("%s is a request, %v, of %s", message, m.IsRequest(), got)
			}
			for _, err := range []error{m.Respond(patient(t), 1), m.RespondError(patient(t), "reason")} {
				if err == nil {
					t.Errorf("%s was answered", message)
				}
			}
		}
		p.expectNothing()
	})
}

// Once this end has asked, no response reaches Receive: neither one that comes late, nor one of an id that is not known, nor a
// second one, nor one that is none.
func TestResponsesThatNobodyAwaits(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
		ctx, cancel := context.WithCancelCause(context.Background())
		_, results := requesting(t, ctx, c, p, 1)
		reason := errors.New("changed my mind")
		cancel(reason)
		if r := nodetest.Receive(t, results, "end of the request"); !errors.Is(r.err, reason) || strings.Contains(r.err.Error(), "\n") {
			t.Errorf("the request came to %s, %v", text(r.message), r.err)
		}
		fd, closed := tracer(t)
		late := `{"cmd":"nodecluster:response","id":1,"body":"late"}`
		p.write(late + "\n")
		p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":`+late+"}\n", fd)
		p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"nodecluster:response","id":2,"error":"of nothing"}}`+"\n", fd)
		for _, id := range []string{`0`, `2`, `-1`, `1.5`, `"1"`, `null`, `{}`, `18446744073709551616`, `"` + kilobyte + `"`} {
			p.write(`{"cmd":"nodecluster:response","id":` + id + `,"body":"nobody's"}` + "\n")
		}
		p.write(`{"cmd":"nodecluster:response","body":"no id"}` + "\n" + `"next"` + "\n")
		expectJSON(t, c, `"next"`)
		closed()
		p.expect(ack, ack)
		_, results = requesting(t, patient(t), c, p, 2)
		response := `{"cmd":"nodecluster:response","id":2,"body":"once"}` + "\n"
		p.write(response + response + `"last"` + "\n")
		nodetest.Receive(t, results, "response").expect(t, `"once"`)
		expectJSON(t, c, `"last"`)
	})
}

// The handle that comes with a request or a response is the receiver's, and that of an error is closed.
func TestHandlesOfRequestsAndResponses(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s})
		fd, closed := tracer(t)
		with := func(message string) string {
			return `{"cmd":"NODE_HANDLE","type":"net.Native","msg":` + message + "}\n"
		}
		p.write(with(`{"cmd":"nodecluster:request","id":1,"body":"question"}`), fd)
		m := receive(t, c)
		if !m.IsRequest() || m.Handle == nil || text(m) != `"question"` {
			t.Errorf("the request %v of %s came with %v", m.IsRequest(), text(m), m.Handle)
		} else {
			m.Handle.Close()
		}
		p.expect(ack)
		_, results := requesting(t, patient(t), c, p, 1)
		p.write(with(`{"cmd":"nodecluster:response","id":1,"body":"answer"}`), fd)
		r := nodetest.Receive(t, results, "response")
		if r.expect(t, `"answer"`); r.message.Handle == nil {
			t.Error("no handle came with the response")
		} else {
			r.message.Handle.Close()
		}
		p.expect(ack)
		_, results = requesting(t, patient(t), c, p, 2)
		p.write(with(`{"cmd":"nodecluster:response","id":2,"error":"reason"}`), fd)
		if r := nodetest.Receive(t, results, "response"); r.message.Handle != nil || r.err == nil {
			t.Errorf("the error came to %v with %v", r.err, r.message.Handle)
		}
		closed()
	})
}

func TestRequestsEnd(t *testing.T) {
	for name, end := range map[string]struct {
		end  func(c *nodeipc.Channel, p *rawPeer)
		with error
	}{
		"by the peer":         {func(_ *nodeipc.Channel, p *rawPeer) { p.close() }, nodeipc.ErrDisconnected},
		"by Close":            {func(c *nodeipc.Channel, _ *rawPeer) { c.Close() }, nodeipc.ErrDisconnected},
		"by Disconnect":       {func(c *nodeipc.Channel, _ *rawPeer) { c.Disconnect() }, nodeipc.ErrDisconnected},
		"by what is no JSON":  {func(_ *nodeipc.Channel, p *rawPeer) { p.writeRaw("\xff\xff\xff\xff\n") }, nodeipc.ErrProtocol},
		"within a message":    {func(_ *nodeipc.Channel, p *rawPeer) { p.writeRaw(`"half`); p.close() }, io.ErrUnexpectedEOF},
		"by too long a frame": {func(_ *nodeipc.Channel, p *rawPeer) { p.write(`"` + kilobyte + kilobyte + `"` + "\n") }, nodeipc.ErrMessageTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			c, p := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON, MaxMessageSize: 1 << 10})
			_, results := requesting(t, patient(t), c, p, 1)
			end.end(c, p)
			r := nodetest.Receive(t, results, "end of the request")
			if !errors.Is(r.err, nodeipc.ErrDisconnected) || !errors.Is(r.err, end.with) {
				t.Errorf("the request came to %s, %v", text(r.message), r.err)
			}
		})
	}
}

// The response that has come when the channel ends is the request's.
func TestResponseBeforeTheEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	for range 50 {
		c, p := newRawPeer(t, nodeipc.Options{})
		_, results := requesting(t, patient(t), c, p, 1)
		p.write(`{"cmd":"nodecluster:response","id":1,"body":"last words"}` + "\n")
		p.close()
		nodetest.Receive(t, results, "response").expect(t, `"last words"`)
		c.Close()
	}
}

func TestRequestFails(t *testing.T) {
	nodetest.NoLeaks(t)
	handler := newCaller()
	c, p := newRawPeer(t, nodeipc.Options{Handler: handler, SendBuffer: 1})
	if m, err := c.Request(patient(t), func() {}); err == nil {
		t.Errorf("the response to a function is %s", text(m))
	}
	handler.call(t, p, func() {
		if m, err := c.Request(patient(t), 1); err == nil {
			t.Errorf("the loop has waited for %s", text(m))
		}
	})
	p.expectNothing()
	for c.Tell(kilobyte) == nil {
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if m, err := c.Request(ended, 1); !errors.Is(err, nodeipc.ErrNotReading) || !errors.Is(err, context.Canceled) {
		t.Errorf("the response of a peer that does not read is %s, %v", text(m), err)
	}
	if m, err := new(nodeipc.Channel).Request(patient(t), 1); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("the response on a zero channel is %s, %v", text(m), err)
	}
}

// sendUntilBlocked sends a frame over and over until the channel has read none for a while, and says how many bytes went.
func sendUntilBlocked(t *testing.T, p *rawPeer, frame []byte) (sent int) {
	t.Helper()
	for {
		p.conn.SetWriteDeadline(time.Now().Add(quiet))
		n, err := p.conn.Write(frame)
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return sent
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What requests hold beside their bodies is bounded too.
func TestRequestsThatNobodyReceives(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		const limit = 64 << 10
		c, p := newRawPeer(t, nodeipc.Options{Serialization: s, ReceiveBuffer: limit})
		large := p.frames(fmt.Sprintf(`{"cmd":"nodecluster:request","id":%q}`+"\n", strings.Repeat("x", 10<<10)))
		small := p.frames(`{"cmd":"nodecluster:request","id":1}` + "\n")
		for _, frame := range [][]byte{large, small} {
			sent := sendUntilBlocked(t, p, frame)
			if most := limit + maxInSockets; sent > most {
				t.Errorf("%d bytes were read for nobody, want at most %d", sent, most)
			}
			for n := 0; n < sent/len(frame); n++ {
				if m := receive(t, c); !m.IsRequest() {
					t.Fatalf("received %s", text(m))
				}
			}
			p.writeRaw(string(frame[sent%len(frame):]))
			receive(t, c)
		}
	})
}
