//go:build unix

package structuredclone_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// reader is a Node process that reads messages as its channel does, and goes on if it cannot.
type reader struct{ *peer }

func newReader(t *testing.T, node nodetest.Runtime) reader {
	t.Helper()
	return reader{newPeerOf(t, node, "--expose-internals", filepath.Join("testdata", "reader.cjs"))}
}

// refusals are what Node throws at each message, "" where it reads it.
func (r reader) refusals(messages [][]byte) []string {
	r.tb.Helper()
	var answers []*string
	if err := sc.Unmarshal(r.ask(r.marshal(messages)), &answers); err != nil {
		r.tb.Fatal(err)
	}
	texts := make([]string, len(answers))
	for i, answer := range answers {
		if answer != nil {
			texts[i] = *answer
		}
	}
	return texts
}

// What CheckPortable takes, every Node reads: values of all kinds, whole and damaged in all ways.
func TestNodeReadsWhatIsPortable(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		r := newReader(t, node)
		m := newMutator(t, uint64(node.Major))
		const rounds, batch, enough = 40, 500, 2000
		taken, damaged := 0, 0
		for range rounds {
			var messages [][]byte
			for len(messages) < batch {
				message, whole := m.next()
				if sc.CheckPortable(message) != nil {
					continue
				}
				message[1] = byte(pick(m.generator, 13, latestFor(node)))
				messages = append(messages, message)
				if taken++; !whole {
					damaged++
				}
			}
			for i, refusal := range r.refusals(messages) {
				if refusal != "" {
					t.Errorf("Node throws %q at %x", refusal, messages[i])
				}
			}
			if t.Failed() {
				return
			}
		}
		if damaged < enough || taken-damaged < enough {
			t.Errorf("of %d messages %d were damaged: the test looks at too few of a kind", taken, damaged)
		}
	})
}

func latestFor(node nodetest.Runtime) int {
	if node.Major < 18 {
		return 13
	}
	return 15
}

// mutator makes messages of which many are not right.
type mutator struct {
	*generator
	seeds [][]byte
}

func newMutator(t *testing.T, seed uint64) *mutator {
	m := &mutator{generator: &generator{Rand: rand.New(rand.NewPCG(seed, 17)), major: 16}}
	for _, r := range records(t) {
		for _, name := range r.names() {
			m.seeds = append(m.seeds, r.samples[name])
		}
	}
	return m
}

// next gives a message of this test's own, and whether it is as it was written.
func (m *mutator) next() (message []byte, whole bool) {
	message = m.seed()
	if m.IntN(4) == 0 {
		return message, true
	}
	for range 1 + m.IntN(3) {
		message = m.damage(message)
	}
	return message, false
}

func (m *mutator) seed() []byte {
	if m.IntN(3) == 0 {
		return bytes.Clone(pick(m.generator, m.seeds...))
	}
	m.objects, m.shared, m.errors = nil, m.IntN(2) == 0, m.IntN(2) == 0
	message, err := sc.Encode(m.value(3))
	if err != nil {
		panic(err)
	}
	return message
}

// tags are bytes that mean something.
var tags = []byte("\x00\x01\x02-_0TFIUNZS\"c^o{Aa$@DyxnzsR;:',B~\\rmcs.EFRSTU")

func (m *mutator) damage(message []byte) []byte {
	const header = 2
	if len(message) <= header {
		return message
	}
	at := header + m.IntN(len(message)-header)
	switch m.IntN(6) {
	case 0:
		message[at] = byte(m.Uint32())
	case 1:
		message[at] = pick(m.generator, tags...)
	case 2:
		message[at] += byte(1 + 253*m.IntN(2))
	case 3:
		return append(message[:at:at], append([]byte{pick(m.generator, tags...)}, message[at:]...)...)
	case 4:
		return append(message[:at:at], message[min(len(message), at+1+m.IntN(4)):]...)
	default:
		other := m.seed()
		return append(message[:at:at], append(bytes.Clone(other[header:]), message[at:]...)...)
	}
	return message
}

// What Decode takes and some Node does not read.
var notPortable = map[string]string{
	"a key twice":             "6f22016130220161307b02",
	"a key twice otherwise":   "6f2201613063026100307b02",
	"an index as a key":       "6f4902302201313 07b02",
	"a RegExp that is none":   "52220128 00",
	"a RegExp with sets":      "5222016180 02",
	"a resizable ArrayBuffer": "7e000a",
	"a Float16Array":          "5c000d020000",
	"length as a property":    "4101302206 6c656e677468302401 01",
	"a native object in it":   "5c016f2201615e00 7b01",
	"513 levels":              strings.Repeat("4101", 513) + "30" + strings.Repeat("240001", 513),
}

func TestNotPortable(t *testing.T) {
	for what, digits := range notPortable {
		data, err := hex.DecodeString("ff0f" + strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		var syntax *sc.SyntaxError
		if err := sc.CheckPortable(data); !errors.As(err, &syntax) {
			t.Errorf("%s: %v", what, err)
		}
		if err := sc.Check(data); err != nil {
			t.Errorf("%s: Check: %v", what, err)
		}
	}
}

// The small messages that libraries send cost nothing to check.
func TestCheckPortableAllocatesNothing(t *testing.T) {
	message := encode(t, &sc.Object{Properties: []sc.Property{{Key: "source", Value: "_sio_adapter"}, {Key: "type", Value: int32(3)},
		{Key: "data", Value: &sc.Object{Properties: []sc.Property{{Key: "rooms", Value: array("a", "b")}, {Key: "größe", Value: 1.5}}}}}})
	if n := testing.AllocsPerRun(100, func() {
		if err := sc.CheckPortable(message); err != nil {
			t.Error(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations, want 1 at most: of the key that is not ASCII", n)
	}
}
