//go:build unix

package measure

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadAnswer(t *testing.T) {
	const stream = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: keep-alive\r\n\r\nfirst" +
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast"
	r := bufio.NewReader(strings.NewReader(stream))
	for _, want := range []Answer{{Body: []byte("first")}, {Body: []byte("last"), Last: true}} {
		if got, err := ReadAnswer(r); err != nil || string(got.Body) != string(want.Body) || got.Last != want.Last {
			t.Errorf("%q, last %t, error %v, want %q, last %t", got.Body, got.Last, err, want.Body, want.Last)
		}
	}
	if _, err := ReadAnswer(r); err != io.EOF {
		t.Errorf("at the end: %v, want %v", err, io.EOF)
	}
}

// An answer that is cut anywhere is no answer, and not one that has ended well.
func TestReadAnswerCut(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
	for n := 1; n < len(whole); n++ {
		if _, err := ReadAnswer(bufio.NewReader(strings.NewReader(whole[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %q: %v, want %v", whole[:n], err, io.ErrUnexpectedEOF)
		}
	}
}

func TestReadAnswerThatIsWrong(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 503 Service Unavailable\r\n\r\n":                       `the answer "HTTP/1.1 503 Service Unavailable"`,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "an answer without a Content-Length that is known and short",
		"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n":             "an answer without a Content-Length that is known and short",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n":                   `the answer's Content-Length "x"`,
	} {
		if _, err := ReadAnswer(bufio.NewReader(strings.NewReader(answer))); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", answer, err, want)
		}
	}
}
