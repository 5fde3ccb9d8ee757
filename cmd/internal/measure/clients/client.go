//go:build unix

package clients

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Outcome is how a connection ended.
type Outcome int

const (
	Answered Outcome = iota
	// Late is answered, after the patience of a client.
	Late
	// Hung is not answered until nothing more could come.
	Hung
	Refused
	// Reset is closed, by a reset or not, before the answer was complete.
	Reset
	// Outcomes is how many there are.
	Outcomes
)

var outcomeNames = [Outcomes]string{"answered", "late", "hung", "refused", "reset"}

// String is its name.
func (o Outcome) String() string { return outcomeNames[o] }

// Request opens a connection, reads the answer to a request to its end, and gives the pid in it, which is JSON. It has hung when ctx ends. The
// error is one that is none of the outcomes.
func Request(ctx context.Context, from net.Addr, address string) (Outcome, int, error) {
	pid, err := ask(ctx, from, address)
	switch {
	case err == nil:
		return Answered, pid, nil
	case ctx.Err() != nil:
		return Hung, 0, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused, 0, nil
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Reset, 0, nil
	}
	return 0, 0, err
}

func ask(ctx context.Context, from net.Addr, address string) (pid int, err error) {
	conn, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	var answer struct{ Pid int }
	err = json.Unmarshal(body, &answer)
	return answer.Pid, err
}
