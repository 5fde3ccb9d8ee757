//go:build unix

package measure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Answer is an answer to an HTTP request.
type Answer struct {
	Body []byte
	Last bool // whether the server ends the connection with it
}

// maxAnswer is how long the body of an answer may be.
const maxAnswer = 64 << 10

// ReadAnswer reads an answer of status 200 whose length is given, cheaply, so that a client of it is not what is measured. The error is
// io.EOF if there is no answer, and io.ErrUnexpectedEOF if it ends in the middle.
func ReadAnswer(r *bufio.Reader) (a Answer, err error) {
	line, err := readLine(r)
	if err != nil {
		return a, err
	}
	if err := wrongAnswer(line); err != nil {
		return a, err
	}
	length := -1
	for {
		line, err := readLine(r)
		if err != nil {
			return a, within(err)
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, fmt.Errorf("the answer's Content-Length %.40q", value)
			}
		case bytes.EqualFold(name, []byte("Connection")):
			a.Last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if length < 0 || length > maxAnswer {
		return a, errors.New("an answer without a Content-Length that is known and short")
	}
	a.Body = make([]byte, length)
	_, err = io.ReadFull(r, a.Body)
	return a, within(err)
}

// readLine reads a line, which is valid until the next read, and gives it without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil && len(line) > 0 {
		err = within(err)
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// within is an error in the middle of an answer.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
