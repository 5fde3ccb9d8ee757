//go:build unix

package measure

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// requestTo is a request that asks for the connection's end with the answer, and has more lines in its head, each with its end.
func requestTo(address string, lines ...string) []byte {
	return []byte("GET / HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n" + strings.Join(lines, "") + "\r\n")
}

var errNoAnswer = errors.New("no answer before the end")

// wrongAnswer says what is wrong with the beginning of an answer.
func wrongAnswer(answer []byte) error {
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer %.40q", answer)
	}
	return nil
}
