package codec

import (
	stdjson "encoding/json"
	"strings"
	"testing"
)

var validSeeds = []string{
	``, ` `, `null`, `nul`, `nullx`, `true`, `false `, ` 1`, `-`, `-0`, `01`, `1.`, `1.5e`, `1.5e+7`, `1E-2`, `.5`, `+1`, `"`, `""`, `"a`,
	`"\"`, `"\\"`, `"\u12"`, `"\u12aF"`, `"\x"`, "\"\x1f\"", "\"\x7f\"", "\"\xff\"", `"grüße"`, `"` + strings.Repeat("long ", 20) + `"`,
	`"` + strings.Repeat("long ", 20) + `\n"`, `[]`, `[ ]`, `[`, `]`, `[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `{}`, `{ }`, `{"a"}`, `{"a":}`, `{"a":1}`,
	`{"a":1,}`, `{"a":1,"b":[{}]}`, `{1:2}`, `{"a":1]`, `[1}`, `[[[[]]]]`, `[[[[]]]`, `{"a":{"b":{"c":[null]}}} x`, "[\x00]", "\x00", "1\x00",
	strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth),
}

func TestValidJSON(t *testing.T) {
	for _, seed := range validSeeds {
		if got, want := validJSON([]byte(seed)), stdjson.Valid([]byte(seed)); got != want {
			t.Errorf("%s: %v, encoding/json says %v", Excerpt([]byte(seed)), got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, seed := range validSeeds {
		if len(seed) < 1000 {
			f.Add([]byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := validJSON(b), stdjson.Valid(b); got != want {
			t.Errorf("%q: %v, encoding/json says %v", b, got, want)
		}
		if n := plain(b); n < len(b) && (b[n] >= ' ' && b[n] != '"' && b[n] != '\\' && b[n] < 0x80) {
			t.Errorf("%q: plain ends at %d", b, n)
		}
	})
}

func BenchmarkValidJSON(b *testing.B) {
	for name, text := range map[string]string{
		"small": `{"text":"hello","n":1}`, "string": `"` + strings.Repeat("x", 64<<10) + `"`,
		"records": "[" + strings.Repeat(`{"id":17,"name":"a name","tags":["a","b"],"score":1.25},`, 1000) + "null]",
	} {
		for valid, f := range map[string]func([]byte) bool{"own": validJSON, "std": stdjson.Valid} {
			b.Run(name+" "+valid, func(b *testing.B) {
				text := []byte(text)
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					f(text)
				}
			})
		}
	}
}

// Whose message it is, is decided by the value that Node has at cmd: the last of several, however the key is written.
func TestJSONCommandIsTheLast(t *testing.T) {
	for payload, want := range map[string]Kind{
		`{"cmd":"x","cmd":"NODE_HANDLE_ACK"}`:                              ACK,
		`{"cmd":"x","cmd":"y","z":"NODE_"}`:                                User,
		`{"cmd":"NODE_X","cmd":"x"}`:                                       User,
		`{"cmd":"NODE_X","cmd":1}`:                                         User,
		`{"a":[{"cmd":"x"},"\"}"], "c\u006dd" : "NODE\u005fSOCKET_COUNT"}`: Socket,
		`{"cmd":"x","c\u006dd":"NODE_CLUSTER"}`:                            Internal,
		`{"cmd":{"cmd":"NODE_X"},"x":"NODE_X"}`:                            User,
		`["cmd","NODE_X"]`:                                                 User,
	} {
		if got, err := JSON.Classify([]byte(payload)); err != nil || got != want {
			t.Errorf("%s is of kind %d (%v), want %d", payload, got, err, want)
		}
	}
}
