//go:build unix

package nodeipc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const echoScript = `process.on('message', (m) => process.send(m));`

// eachRuntime is every Node, Deno and Bun.
func eachRuntime(t *testing.T, f func(t *testing.T, r nodetest.Runtime)) {
	nodetest.EachNode(t, f)
	t.Run("deno", func(t *testing.T) { f(t, nodetest.Deno(t)) })
	withBun(t, f)
}

func nodesAndBun(t *testing.T, f func(t *testing.T, r nodetest.Runtime)) {
	nodetest.EachNode(t, f)
	withBun(t, f)
}

// withBun leaves Bun out where it has a format of its own.
func withBun(t *testing.T, f func(t *testing.T, r nodetest.Runtime)) {
	if serialization("") == nodeipc.JSON {
		t.Run("bun", func(t *testing.T) { f(t, nodetest.Bun(t)) })
	}
}

// startJSON is startScript for a test of what JSON alone does.
func startJSON(t *testing.T, r nodetest.Runtime, script string) *nodeipc.Child {
	t.Helper()
	return start(t, command(t, r, script), nodeipc.Options{Serialization: nodeipc.JSON})
}

// values are messages of every kind, as Node writes them.
var values = []string{
	`null`, `true`, `false`, `0`, `-1.5`, `9007199254740991`, `""`, `"text"`, `[]`, `{}`, `[null,[1,[2]],{"a":{"b":[]}}]`,
	`"line\nfeed, return\r, tab\t, quote\", back\\slash, nul\u0000"`,
	`"ä, 漢字, 😀, é"`, `{"ключ":"значение"}`, "\"\u2028\u2029\"",
	`{"cmd":1}`, `{"cmd":"node_handle"}`, `{"CMD":"NODE_HANDLE"}`, `["NODE_HANDLE"]`, `"NODE_HANDLE_ACK"`,
	`{"a":{"cmd":"NODE_HANDLE"}}`, `{"type":"net.Server","msg":1}`,
}

func TestEveryValueBothWays(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, echoScript)
		for _, value := range values {
			sendJSON(t, child, value)
			expectJSON(t, child, value)
		}
	})
}

// A message that is sent on as it came is the same to Node, in either serialization, alone and within another.
func TestMessageIsSentOnAsItCame(t *testing.T) {
	for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(serialization), func(t *testing.T) {
			nodetest.NoLeaks(t)
			child := start(t, command(t, nodetest.Default(t), `
				const sent = { text: 'ä漢😀', list: [1, -0.5, null, { deep: [[]] }], long: 'x'.repeat(100000) };
				process.send(sent);
				process.on('message', (m) => process.send(require('util').isDeepStrictEqual(m.within ?? m, sent)));`), nodeipc.Options{Serialization: serialization})
			ctx := nodetest.Context(t)
			m, err := child.Receive(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, sent := range []any{m, map[string]any{"within": m.Raw()}} {
				if err := child.Send(ctx, sent); err != nil {
					t.Fatal(err)
				}
				answer, err := child.Receive(ctx)
				if err != nil {
					t.Fatal(err)
				}
				var same bool
				if err := answer.Decode(&same); err != nil || !same {
					t.Errorf("what came back of %T is the same: %v, %v", sent, same, err)
				}
			}
		})
	}
}

func TestNodeSeesTheValues(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `process.on('message', (m) => process.send([typeof m, String(m), m === null ? -1 : m.length ?? -1]));`)
		for message, want := range map[any]string{
			nil: `["object","null",-1]`, true: `["boolean","true",-1]`, 1.25: `["number","1.25",-1]`,
			"<a & b>": `["string","<a & b>",7]`, "😀": `["string","😀",2]`, "a\nb": `["string","a\nb",3]`,
			"not \xff UTF-8": "[\"string\",\"not \ufffd UTF-8\",11]",
			[2]int{1, 2}:     `["object","1,2",2]`,
		} {
			send(t, child, message)
			expectJSON(t, child, want)
		}
	})
}

func TestUndefinedIsDropped(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startJSON(t, node, `process.send({ a: undefined, b: [undefined, () => {}], c: NaN, d: new Date(0) });`)
		expectJSON(t, child, `{"b":[null,null],"c":null,"d":"1970-01-01T00:00:00.000Z"}`)
	})
}

// Only in a json.RawMessage does a lone surrogate live on; a Go string has the replacement character, and so
// has Deno.
func TestLoneSurrogates(t *testing.T) {
	nodesAndBun(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startJSON(t, r, `process.send({ text: 'a\ud83dz' }); process.on('message', (m) => process.send(m.text.charCodeAt(1)));`)
		m := receive(t, child)
		fields := decode[map[string]json.RawMessage](t, m)
		if got := string(fields["text"]); got != `"a\ud83dz"` {
			t.Errorf("raw: %s", got)
		}
		if got := decode[struct{ Text string }](t, m).Text; got != "a\ufffdz" {
			t.Errorf("as a string: %q", got)
		}
		send(t, child, decode[json.RawMessage](t, m))
		expectJSON(t, child, "55357")
		send(t, child, map[string]any{"text": fields["text"]})
		expectJSON(t, child, "55357")
	})
}

// Deno replaces lone surrogates, and takes every cmd that begins with NODE_ for itself, this shortest too.
func TestValuesThatOnlyNodeGivesBack(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, echoScript)
		for _, value := range []string{`"\ud800"`, `"\udc00\ud800"`, `{"\ud83d":["\ude00"]}`, `1e+300`, `{"cmd":"NODE_"}`} {
			sendJSON(t, child, value)
			expectJSON(t, child, value)
		}
	})
}

func TestRawMessageWithLineFeeds(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	sendJSON(t, child, "{\n  \"a\": [\n    1\r\n  ]\n}\n")
	expectJSON(t, child, `{"a":[1]}`)
	send(t, child, map[string]json.RawMessage{"b": json.RawMessage("[\n1,\n2]")})
	expectJSON(t, child, `{"b":[1,2]}`)
}

func TestWhatCannotBeSent(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	for _, message := range []any{
		make(chan int), func() {}, json.RawMessage(`{"broken`), json.RawMessage(``), json.RawMessage("1\n2"),
		map[string]any{"a": json.RawMessage(`{"broken`)}, []any{json.RawMessage("1\n2")},
		struct{ R json.RawMessage }{json.RawMessage(`}{`)},
	} {
		if err := child.Send(patient(t), message); err == nil {
			t.Errorf("%T %v was sent", message, message)
		}
	}
	send(t, child, "the channel goes on")
	expectJSON(t, child, `"the channel goes on"`)
}

func TestSizes(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		expectSizesComeBack(t, r, 0, 1, 65535, 65536, 65537, 1<<20)
	})
}

func TestTenMebibytes(t *testing.T) {
	nodetest.NoLeaks(t)
	expectSizesComeBack(t, nodetest.Default(t), 10<<20)
}

func expectSizesComeBack(t *testing.T, r nodetest.Runtime, sizes ...int) {
	t.Helper()
	child := startScript(t, r, echoScript)
	for _, size := range sizes {
		// Three bytes a character, so that reads split them.
		text := strings.Repeat("a", size%3) + strings.Repeat("漢", size/3)
		send(t, child, text)
		if got := decode[string](t, receive(t, child)); got != text {
			t.Errorf("%d bytes came back as %d, or changed", len(text), len(got))
		}
	}
}

func TestMessageTooLargeToSend(t *testing.T) {
	nodetest.NoLeaks(t)
	cmd := command(t, nodetest.Default(t), echoScript)
	child := start(t, cmd, nodeipc.Options{Serialization: nodeipc.JSON, MaxMessageSize: 100})
	if err := child.Send(patient(t), strings.Repeat("x", 98)); !errors.Is(err, nodeipc.ErrMessageTooLarge) {
		t.Errorf("101 bytes: %v", err)
	}
	send(t, child, strings.Repeat("x", 97))
	expectJSON(t, child, `"`+strings.Repeat("x", 97)+`"`)
}

func TestDecode(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	type message struct {
		Text string         `json:"text"`
		N    []int          `json:"n"`
		Any  map[string]any `json:"any"`
	}
	want := message{Text: "a", N: []int{1, 2}, Any: map[string]any{"x": []any{nil, 1.5}}}
	send(t, child, want)
	m := receive(t, child)
	if diff := cmp.Diff(want, decode[message](t, m)); diff != "" {
		t.Error(diff)
	}
	var n int
	if err := m.Decode(&n); err == nil {
		t.Error("an object was decoded as a number")
	}
}
