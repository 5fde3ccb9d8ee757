package structuredclone_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// twoByteMessage is a message of a string of these units.
func twoByteMessage(units []uint16) []byte {
	message := "\xff\x0f"
	if len(varint(2*len(units)))%2 == 0 {
		message += "\x00"
	}
	data := append([]byte(message+"c"), varint(2*len(units))...)
	for _, unit := range units {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return data
}

// inWTF8 converts units one by one.
func inWTF8(units []uint16) string {
	var b []byte
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			if i+1 < len(units) {
				if pair := utf16.DecodeRune(r, rune(units[i+1])); pair != utf8.RuneError {
					b = utf8.AppendRune(b, pair)
					i++
					continue
				}
			}
			b = append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF)
			continue
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// Units are converted in fours, in blocks and in pieces: these begin and end anywhere in them.
func TestUnitsOfEveryMixture(t *testing.T) {
	ranges := [][2]int{{0, 0x80}, {0x80, 0x800}, {0x800, 0xD800}, {0xD800, 0xDC00}, {0xDC00, 0xE000}, {0xE000, 0x10000}}
	random := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		units := []uint16{0x4E00} // so that it is written with two bytes each again
		for length := random.IntN(1000); len(units) < length; {
			within := ranges[random.IntN(len(ranges))]
			pairs := random.IntN(8) == 0
			for range 1 + random.IntN(90) {
				if pairs {
					units = append(units, uint16(0xD800+random.IntN(0x400)), uint16(0xDC00+random.IntN(0x400)))
				} else {
					units = append(units, uint16(within[0]+random.IntN(within[1]-within[0])))
				}
			}
		}
		data := twoByteMessage(units)
		got := unmarshal[string](t, data)
		if want := inWTF8(units); got != want {
			t.Fatalf("%x is read as\n%q, want\n%q", units, got, want)
		}
		if again := encode(t, got); string(again) != string(data) {
			t.Fatalf("%q is written as\n%x, want\n%x", got, again, data)
		}
	}
}

func TestLatin1OfEveryMixture(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 5000 {
		var units []uint16
		for length := random.IntN(3000); len(units) < length; {
			lowest := random.IntN(2) * 0x80
			for range 1 + random.IntN(1500) {
				units = append(units, uint16(lowest+random.IntN(0x80)))
			}
		}
		data := append([]byte("\xff\x0f\""), varint(len(units))...)
		for _, unit := range units {
			data = append(data, byte(unit))
		}
		got := unmarshal[string](t, data)
		if want := inWTF8(units); got != want {
			t.Fatalf("%x is read as\n%q, want\n%q", units, got, want)
		}
		if again := encode(t, got); string(again) != string(data) {
			t.Fatalf("%q is written as\n%x, want\n%x", got, again, data)
		}
	}
}

func TestTextsTakeTheirSize(t *testing.T) {
	const repeated = 1 << 15
	for what, text := range map[string]string{
		"ASCII":         "abcd",
		"accents":       "äöüß",
		"later accents": "aäöü",
		"Cyrillic":      "жжж ",
		"ideograms":     "語語語語",
		"emoji":         "😀😀😀😀",
		"a mixture":     "aж語😀",
	} {
		text = strings.Repeat(text, repeated)
		if what == "later accents" {
			text = strings.Repeat("a", 4<<10) + text
		}
		data := encode(t, text)
		read := func() {
			var s string
			if err := sc.Unmarshal(data, &s); err != nil || s != text {
				t.Errorf("%s: it comes back as another, %v", what, err)
			}
		}
		read()
		most := uint64(len(text) + 1<<15) // what is rounded up, and a decoder
		if what == "later accents" {
			most += uint64(len(data)) // which were taken for ASCII
		}
		if took := allocated(read); took > most {
			t.Errorf("%s: a string of %d bytes takes %d", what, len(text), took)
		}
	}
}
