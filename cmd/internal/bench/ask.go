//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// askPatience is how long a client that asks who answers waits.
const askPatience = 3 * time.Second

// awaitAnswers waits until as many workers have answered, of which each answers something else.
func awaitAnswers(address string, workers int, running func() error) error {
	seen := map[string]bool{}
	return measure.Await(fmt.Sprintf("answer from each of %d workers", workers), func() bool {
		for range workers {
			answer, err := ask(address)
			if err != nil {
				return false
			}
			seen[answer] = true
		}
		return len(seen) >= workers
	}, running)
}

// ask is all that a server answers to a request.
func ask(address string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, askPatience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askPatience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}
