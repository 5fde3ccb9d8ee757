package codec

import (
	"strings"
	"testing"
)

func TestValidUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"plain":                  "plain",
		"ä€😀\ufffd":              "ä€😀\ufffd",
		"a\xffb":                 "a\ufffdb",
		"\x80":                   "\ufffd",
		"\xff\xff":               "\ufffd\ufffd",
		"\xc2":                   "\ufffd",
		"\xc0\x80":               "\ufffd\ufffd",
		"\xe2\x82":               "\ufffd",
		"\xe2\x82x":              "\ufffdx",
		"\xe2(\xa1":              "\ufffd(\ufffd",
		"\xed\xa0\x80":           strings.Repeat("\ufffd", 3),
		"\xf0\x9f\x98":           "\ufffd",
		"\xf0\x9f\x98\xe2":       "\ufffd\ufffd",
		"\xf0\x90(\xbc":          "\ufffd(\ufffd",
		"\xf4\x90\x80\x80":       strings.Repeat("\ufffd", 4),
		"\xf8\x88\x80\x80\x80":   strings.Repeat("\ufffd", 5),
		"\xe2\x82\xe2\x82\xacok": "\ufffd€ok",
	} {
		if got := string(validUTF8([]byte(text))); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
