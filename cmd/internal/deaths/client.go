//go:build unix

package main

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

// outcome is how a connection ended.
type outcome int

const (
	answered outcome = iota
	late             // answered, after the patience of a client
	hung             // not answered until nothing more could come
	refused
	reset // closed, by a reset or not, before the answer was complete
	outcomes
)

var outcomeNames = [outcomes]string{"answered", "late", "hung", "refused", "reset"}

// request opens a connection, reads the answer to a request to its end, and gives the pid in it. It has hung when ctx ends. The error is
// one that is none of the outcomes.
func request(ctx context.Context, from net.Addr, address string) (outcome, int, error) {
	pid, err := ask(ctx, from, address)
	switch {
	case err == nil:
		return answered, pid, nil
	case ctx.Err() != nil:
		return hung, 0, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused, 0, nil
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return reset, 0, nil
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
