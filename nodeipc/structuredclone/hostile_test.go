package structuredclone_test

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// allocated is how many bytes f takes altogether.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// everyWay reads data in all ways that there are, into types that hold it in several forms too.
func everyWay(data []byte) {
	type tree struct {
		A any
		B *tree
		C []tree
		D map[string]*tree
		E sc.RawMessage
		F *sc.Object
	}
	sc.Decode(data)
	sc.Lookup(data, "cmd")
	for _, v := range []any{new(any), new(tree), new([]any), new([]tree), new([]*tree), new(map[string]any), new(map[string]tree), new([]map[string]tree),
		new([4]any), new(string), new([]string), new([][]byte), new([]sc.RawMessage), new(map[string]sc.RawMessage), new(sc.Array), new(sc.RawMessage)} {
		sc.Unmarshal(data, v)
	}
}

func TestHostileDataTakesLittle(t *testing.T) {
	repeat := func(begin, middle string, n int, end string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll("ff0f"+begin+strings.Repeat(middle, n)+end, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const n = 20_000
	for what, data := range map[string][]byte{
		"announced 4 GiB":                    repeat("", "", 0, "41ffffffff0f"),
		"sparse array of the longest length": repeat("", "", 0, "61ffffffff0f40 00ffffffff0f"),
		"many such arrays":                   repeat("41a09c01", "61ffffffff0f4000ffffffff0f", n, "2400a09c01"),
		"as many objects as bytes":           repeat("41a09c01", "79", n-1, "5e012400a09c01"),
		"many sparse arrays of 1000":         repeat("41a09c01", "61e8074000e807", n, "2400a09c01"),
		"arrays that announce all the rest":  repeat("", "41fff003", n, ""),
		"one key again and again":            repeat("6f", "490030", n, "7ba09c01"),
		"many empty objects":                 repeat("41a09c01", "6f7b00", n, "2400a09c01"),
		"deep arrays":                        repeat("", "4101", n, ""),
		"deep objects":                       repeat("", "6f220141", n, ""),
		"deep Maps":                          repeat("", "3b", n, ""),
		"deep causes":                        repeat("", "7263", n, ""),
		"deep host objects":                  repeat("", "5c016f220141", n, ""),
		"padding":                            repeat("", "00", 10*n, "30"),
		"one Buffer in many places":          repeat("41a19c01 5c0001a08d06"+strings.Repeat("00", 100_000), "5e01", n, "2400a19c01"),
		"one String in many places":          repeat("41a19c01 7322a08d06"+strings.Repeat("61", 100_000), "5e01", n, "2400a19c01"),
		// Each object refers to the one before, and none is needed before the last.
		"a long chain":        []byte(chain(n)),
		"doubled 10000 times": encode(t, doubled(9000, array())),
	} {
		for way, read := range map[string]func(){
			"Decode":    func() { sc.Decode(data) },
			"Unmarshal": func() { sc.Unmarshal(data, new(any)) },
			"Lookup":    func() { sc.Lookup(data, "cmd") },
			"every way": func() { everyWay(data) },
		} {
			most := uint64(128*len(data) + 1<<16)
			if way == "every way" {
				most *= 18
			}
			if took := allocated(read); took > most {
				t.Errorf("%s: %s of %d bytes takes %d, want %d at most", what, way, len(data), took, most)
			}
		}
	}
}

// chain is { 0: [objects…], A: the last }, each object of which has the one before at A.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("\xff\x0fo\x49\x00A")
	b.Write(varint(n))
	b.WriteString("o{\x00")
	for id := 2; id <= n; id++ {
		b.WriteString("o\"\x01A^")
		b.Write(varint(id))
		b.WriteString("{\x01")
	}
	b.WriteString("$\x00")
	b.Write(varint(n))
	b.WriteString("\"\x01A^")
	b.Write(varint(n + 1))
	b.WriteString("{\x02")
	return b.String()
}

func varint(n int) []byte {
	var b []byte
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func TestLongChain(t *testing.T) {
	v, err := sc.Decode([]byte(chain(100_000)))
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for o, _ := v.(*sc.Object).Get("A"); o != nil; o, _ = o.(*sc.Object).Get("A") {
		depth++
	}
	if depth != 100_000 {
		t.Errorf("the chain has %d objects", depth)
	}
	// Here the objects are made from the last one, each within the one after.
	var last struct{ A any }
	var syntax *sc.SyntaxError
	if err := sc.Unmarshal([]byte(chain(100_000)), &last); !errors.As(err, &syntax) || syntax.Kind != sc.TooDeep {
		t.Errorf("Unmarshal: %v", err)
	}
	if err := sc.Unmarshal([]byte(chain(10_000)), &last); err != nil {
		t.Errorf("Unmarshal: %v", err)
	}
}

func TestDepth(t *testing.T) {
	nested := func(levels int) any {
		v := any(array())
		for range levels - 1 {
			v = array(v)
		}
		return v
	}
	if _, err := sc.Decode(encode(t, nested(sc.MaxDepth))); err != nil {
		t.Error(err)
	}
	var cloneError *sc.CloneError
	if _, err := sc.Encode(nested(sc.MaxDepth + 1)); !errors.As(err, &cloneError) || cloneError.Kind != sc.TooDeep {
		t.Errorf("Encode: %v", err)
	}
	data := "\xff\x0f" + strings.Repeat("A\x01", sc.MaxDepth) + "0" + strings.Repeat("$\x00\x01", sc.MaxDepth)
	if _, err := sc.Decode([]byte(data)); err != nil {
		t.Error(err)
	}
	type tree []*tree
	if err := sc.Unmarshal([]byte(data), new(tree)); err != nil {
		t.Error(err)
	}
	data = "\xff\x0fA\x01" + data[2:] + "$\x00\x01"
	var syntax *sc.SyntaxError
	if _, err := sc.Decode([]byte(data)); !errors.As(err, &syntax) || syntax.Kind != sc.TooDeep {
		t.Errorf("Decode: %v", err)
	}
}

func TestDamagedSamples(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, r := range records(t) {
		for _, name := range r.names() {
			for range 20 {
				data := append([]byte{}, r.samples[name]...)
				for range 1 + random.IntN(3) {
					data[2+random.IntN(len(data)-2)] = byte(random.Uint32())
				}
				everyWay(data)
			}
		}
	}
}
