//go:build unix

package nodeipc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eachPeer runs f for the oldest and the newest Node in both serializations, and for Deno and Bun in JSON.
func eachPeer(t *testing.T, f func(t *testing.T, r nodetest.Runtime, o nodeipc.Options)) {
	run := func(t *testing.T, r nodetest.Runtime, s nodeipc.Serialization) {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			f(t, r, nodeipc.Options{Serialization: s})
		})
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, r nodetest.Runtime) {
		run(t, r, nodeipc.JSON)
		run(t, r, nodeipc.Advanced)
	})
	nodetest.DenoAndBun(t, func(t *testing.T, r nodetest.Runtime) { run(t, r, nodeipc.JSON) })
}

// answerScript answers a request with its body in an array, or with an error.
const answerScript = `
	process.on('message', (m) => {
		if (m.cmd === 'nodecluster:request' && m.body !== 'fail') process.send({ cmd: 'nodecluster:response', id: m.id, body: [m.body] });
		else process.send({ cmd: 'nodecluster:response', id: m.id, error: 'it\nfails' });
	});`

// request sends a request, and gives its response as JSON.
func request(t testing.TB, c *nodeipc.Channel, body string) string {
	t.Helper()
	m, err := c.Request(patient(t), json.RawMessage(body))
	if err != nil {
		t.Fatal(err)
	}
	if m.Handle != nil || m.IsRequest() {
		t.Errorf("the response is a request, or has the handle %v", m.Handle)
	}
	return text(m)
}

func TestRequest(t *testing.T) {
	eachPeer(t, func(t *testing.T, r nodetest.Runtime, o nodeipc.Options) {
		child := start(t, command(t, r, answerScript), o)
		for _, body := range append(values, `"`+strings.Repeat("long ", 30_000)+`"`) {
			if got := request(t, child.Channel, body); got != "["+body+"]" {
				t.Errorf("the response to %.40s is %.40s", body, got)
			}
		}
		_, err := child.Request(patient(t), "fail")
		var failed *nodeipc.ResponseError
		if !errors.As(err, &failed) || failed.Text != "it\nfails" || strings.Contains(err.Error(), "\n") {
			t.Errorf("the response with an error: %v", err)
		}
		if m, err := child.Request(patient(t), nil); err != nil || text(m) != "[null]" {
			t.Errorf("the response to nil is %s, %v", text(m), err)
		}
	})
}

// asking is how a Node program asks.
const asking = `
	const waiting = new Map();
	const request = (body) => new Promise((resolve, reject) => {
		const id = waiting.size + 1;
		waiting.set(id, { resolve, reject });
		process.send({ cmd: 'nodecluster:request', id, body });
	});
	process.on('message', ({ cmd, id, body, error }) => {
		if (cmd !== 'nodecluster:response') return;
		if (error === undefined) waiting.get(id).resolve(body);
		else waiting.get(id).reject(error);
	});`

const askScript = asking + `
	Promise.all([1, 'two', { three: [null] }, undefined, 'fail'].map((body) => request(body).catch((error) => 'error: ' + error)))
		.then((answers) => process.send(answers));`

// answer answers a request with its body in an array, or with an error.
func answer(t testing.TB, m nodeipc.Message) {
	t.Helper()
	var body any
	err := m.Decode(&body)
	switch {
	case err != nil:
		t.Error(err)
	case body == "fail":
		err = m.RespondError(patient(t), "it fails")
	default:
		err = m.Respond(patient(t), []any{body})
	}
	if err != nil {
		t.Error(err)
	}
}

const askedAndAnswered = `[[1],["two"],[{"three":[null]}],[null],"error: it fails"]`

func TestRespond(t *testing.T) {
	eachPeer(t, func(t *testing.T, r nodetest.Runtime, o nodeipc.Options) {
		child := start(t, command(t, r, askScript), o)
		m := receive(t, child)
		for ; m.IsRequest(); m = receive(t, child) {
			answer(t, m)
		}
		if text(m) != askedAndAnswered {
			t.Errorf("the answers are %s, want %s", text(m), askedAndAnswered)
		}
	})
}

func TestRespondInOnMessage(t *testing.T) {
	eachPeer(t, func(t *testing.T, r nodetest.Runtime, o nodeipc.Options) {
		done := make(chan string, 1)
		o.OnMessage = func(m nodeipc.Message) {
			if m.IsRequest() {
				answer(t, m)
			} else {
				done <- text(m)
			}
		}
		start(t, command(t, r, askScript), o)
		if got := from(t, done); got != askedAndAnswered {
			t.Errorf("the answers are %s, want %s", got, askedAndAnswered)
		}
	})
}

// Requests and responses of both ends cross, many at once and in any order.
func TestRequestsAtOnce(t *testing.T) {
	eachPeer(t, func(t *testing.T, r nodetest.Runtime, o nodeipc.Options) {
		const askers, each = 20, 25
		child := start(t, command(t, r, fmt.Sprintf(asking+`
			process.on('message', ({ cmd, id, body }) => {
				if (cmd !== 'nodecluster:request') return;
				const answer = () => process.send({ cmd: 'nodecluster:response', id, body });
				if (body %% 3) answer();
				else setTimeout(answer, body %% 10);
			});
			Promise.all(Array.from({ length: %d }, (_, i) => request(i))).then((answers) => {
				process.send(answers.every((answer, i) => answer[0] === i));
			});`, askers*each)), o)
		var all sync.WaitGroup
		for range askers {
			all.Go(func() {
				for range each {
					n := rand.IntN(1000)
					m, err := child.Request(patient(t), n)
					if err != nil {
						t.Error(err)
						return
					}
					if got := text(m); got != fmt.Sprint(n) {
						t.Errorf("the response to %d is %s", n, got)
					}
				}
			})
		}
		m := receive(t, child)
		for ; m.IsRequest(); m = receive(t, child) {
			answer(t, m)
		}
		if text(m) != "true" {
			t.Errorf("the answers to Node are its own: %s", text(m))
		}
		nodetest.Await(t, all.Wait, "end of all requests")
	})
}

func init() {
	// answers answers requests as answerScript does.
	childPrograms["answers"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		for {
			m, err := c.Receive(context.Background())
			if err != nil {
				return nil
			}
			var body any
			if err := m.Decode(&body); err != nil {
				return err
			}
			if err := m.Respond(context.Background(), []any{body}); err != nil {
				return err
			}
		}
	}
}

func TestRequestOfAGoChild(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		nodetest.NoLeaks(t)
		child := start(t, self(t, "answers"), nodeipc.Options{Serialization: s})
		for _, body := range []string{`null`, `1`, `"two"`, `[{"three":[4]}]`} {
			if got := request(t, child.Channel, body); got != "["+body+"]" {
				t.Errorf("the response to %s is %s", body, got)
			}
		}
		child.Disconnect()
		expectExitZero(t, child)
	})
}

// The end of the peer ends the requests that it has not answered.
func TestRequestOfAChildThatEnds(t *testing.T) {
	eachPeer(t, func(t *testing.T, r nodetest.Runtime, o nodeipc.Options) {
		child := start(t, command(t, r, `
			let left = 3;
			process.on('message', () => --left || process.exit(3));`), o)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if m, err := child.Request(patient(t), "question"); !errors.Is(err, nodeipc.ErrDisconnected) {
					t.Errorf("the response is %s, %v", text(m), err)
				}
			})
		}
		nodetest.Await(t, all.Wait, "end of all requests")
		if _, err := child.Request(patient(t), "question"); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("request after the end: %v", err)
		}
		expectExit(t, child, nodeipc.ExitStatus{Code: 3})
	})
}
