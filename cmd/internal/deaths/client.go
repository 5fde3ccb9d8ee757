//go:build unix

package main

import (
	"bufio"
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
	hung             // for as long as a client waits
	refused
	reset // closed, by a reset or not, before the answer was complete
	outcomes
)

var outcomeNames = [outcomes]string{"answered", "hung", "refused", "reset"}

// request opens a connection, reads the answer to a request to its end, and gives the pid in it. The error is one
// that is none of the outcomes.
func request(from net.Addr, address string, patience time.Duration) (outcome, int, error) {
	pid, err := ask(from, address, time.Now().Add(patience))
	var network net.Error
	switch {
	case err == nil:
		return answered, pid, nil
	case errors.As(err, &network) && network.Timeout():
		return hung, 0, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused, 0, nil
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return reset, 0, nil
	}
	return 0, 0, err
}

func ask(from net.Addr, address string, deadline time.Time) (pid int, err error) {
	conn, err := (&net.Dialer{Deadline: deadline, LocalAddr: from}).Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return 0, err
	}
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
