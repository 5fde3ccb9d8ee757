package structuredclone_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-json"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// listening is a message as those of cluster are.
type listening struct {
	Cmd         string  `json:"cmd"`
	Act         string  `json:"act"`
	Address     *string `json:"address"`
	Port        int     `json:"port"`
	AddressType int     `json:"addressType"`
	Flags       int     `json:"flags"`
	Backlog     int     `json:"backlog"`
	Index       int     `json:"index"`
	Seq         int     `json:"seq"`
}

type entry struct {
	ID      int               `json:"id"`
	Name    string            `json:"name"`
	Score   float64           `json:"score"`
	Tags    []string          `json:"tags"`
	Labels  map[string]string `json:"labels"`
	Payload []byte            `json:"payload"`
}

var benchmarks = []struct {
	name string
	v    any
	typ  func() any
}{
	{"message", listening{"NODE_CLUSTER", "queryServer", nil, 8000, 4, 0, 511, 0, 1}, func() any { return new(listening) }},
	{"records", manyRecords(), func() any { return new([]entry) }},
	{"text", map[string]string{"text": strings.Repeat("Grüße aus Köln. ", 500)}, func() any { return new(map[string]string) }},
	{"numbers", numbers(), func() any { return new([]float64) }},
}

func manyRecords() []entry {
	records := make([]entry, 100)
	for i := range records {
		records[i] = entry{i, "a name", float64(i) / 3, []string{"a", "b"}, map[string]string{"k": "v", "l": "w"}, make([]byte, 50)}
	}
	return records
}

func numbers() []float64 {
	n := make([]float64, 1000)
	for i := range n {
		n[i] = float64(i) * 1.1
	}
	return n
}

func BenchmarkMarshal(b *testing.B) {
	for _, bench := range benchmarks {
		b.Run(bench.name+"/clone", func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = sc.AppendMarshal(dst[:0], bench.v); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(dst)))
		})
		b.Run(bench.name+"/go-json", func(b *testing.B) {
			b.ReportAllocs()
			var size int
			for b.Loop() {
				text, err := json.Marshal(bench.v)
				if err != nil {
					b.Fatal(err)
				}
				size = len(text)
			}
			b.SetBytes(int64(size))
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, bench := range benchmarks {
		data, err := sc.Marshal(bench.v)
		if err != nil {
			b.Fatal(err)
		}
		text, err := json.Marshal(bench.v)
		if err != nil {
			b.Fatal(err)
		}
		anything := func() any { return new(any) }
		for target, make := range map[string]func() any{"typed": bench.typ, "any": anything} {
			b.Run(bench.name+"/"+target+"/clone", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					if err := sc.Unmarshal(data, make()); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(bench.name+"/"+target+"/go-json", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if err := json.Unmarshal(text, make()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkTexts(b *testing.B) {
	for _, text := range []struct{ name, sample string }{
		{"ascii", "The quick brown fox jumps over the lazy dog. "},
		{"latin1", "Grüße aus Köln, à bientôt. "},
		{"latin", "Grüße aus Köln für 5 €, à bientôt. "},
		{"cyrillic", "Съешь ещё этих мягких французских булок, да выпей же чаю. "},
		{"cjk", "いろはにほへと散りぬるを我が世誰ぞ常ならむ"},
		{"cjk-mixed", "2026年の nodecluster は Go で書かれた、速い。"},
		{"emoji", "😀🎉👍"},
		{"emoji-mixed", "so gut 😀 wow 🎉 "},
	} {
		s := strings.Repeat(text.sample, 1<<16/len(text.sample))
		data, err := sc.Marshal(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text.name+"/write", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			var dst []byte
			for b.Loop() {
				if dst, err = sc.AppendMarshal(dst[:0], s); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(text.name+"/read", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := sc.Unmarshal(data, new(string)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	data, err := sc.Marshal(map[string]any{"a": manyRecords(), "cmd": "NODE_CLUSTER"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, ok := sc.Lookup(data, "cmd"); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data, err := sc.Marshal(manyRecords())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := sc.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
