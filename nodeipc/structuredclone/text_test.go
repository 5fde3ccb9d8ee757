package structuredclone_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

// Texts are read and written several characters at once where they are alike, so these mix what is alike with what is not.
func TestTextsOfEveryMixture(t *testing.T) {
	pieces := []string{"a", "abcdefgh", "\x7f", "\u0080", "é", "éüßñ", "\u07ff", "жжжж", "ы", "\u0800", "€", "語語語語", "\uffff", "\U00010000", "😀", "\U0010ffff"}
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(12) {
			// In runs, for the sake of what is read at once.
			b.WriteString(strings.Repeat(pieces[random.IntN(len(pieces))], 1+random.IntN(5)))
		}
		s := b.String()
		data := encode(t, s)
		if want := wireText(s); string(data) != want {
			t.Fatalf("%q is written as\n%x, want\n%x", s, data, want)
		}
		if got := unmarshal[string](t, data); got != s {
			t.Fatalf("%q comes back as %q", s, got)
		}
	}
}

// wireText is a message of s, made the long way.
func wireText(s string) string {
	units := utf16.Encode([]rune(s))
	latin := []byte{}
	for _, u := range units {
		if u > 0xFF {
			wide := []byte("\xff\x0f")
			if size := len(varint(2 * len(units))); size%2 == 0 {
				wide = append(wide, 0)
			}
			wide = append(append(wide, 'c'), varint(2*len(units))...)
			for _, u := range units {
				wide = binary.LittleEndian.AppendUint16(wide, u)
			}
			return string(wide)
		}
		latin = append(latin, byte(u))
	}
	return "\xff\x0f\"" + string(varint(len(latin))) + string(latin)
}

func TestWhatIsNoTextBecomesReplacements(t *testing.T) {
	for s, want := range map[string]string{
		"\xff":                   "\ufffd",
		"éé\xc3":                 "éé\ufffd",
		"é\xc0\x80":              "é\ufffd\ufffd", // overlong
		"жжжж\xc1\xbfж":          "жжжж\ufffd\ufffdж",
		"жж\xd0жжжжж":            "жж\ufffdжжжжж",
		"\xe0\x9f\xbf":           "\ufffd\ufffd\ufffd",
		"\xf4\x90\x80\x80":       "\ufffd\ufffd\ufffd\ufffd", // beyond the last character
		"\xf0\x9f\x98":           "\ufffd\ufffd\ufffd",
		"\x80abcdefgh":           "\ufffdabcdefgh",
		"\xed\xa0\xbd\xff":       "\xed\xa0\xbd\ufffd", // half a pair is kept
		"語\xed\xb8\x80語\xe8\xaa": "語\xed\xb8\x80語\ufffd\ufffd",
	} {
		if got := unmarshal[string](t, encode(t, s)); got != want {
			t.Errorf("%q comes back as %q, want %q", s, got, want)
		}
	}
}
