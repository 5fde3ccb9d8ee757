//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// kind is how a request failed.
type kind int

const (
	reset    kind = iota
	noAnswer      // the connection ended before a whole answer
	refused
	timeout
	wrong // another answer, or none of the others
	kinds
)

var kindNames = [kinds]string{"reset", "no answer", "refused", "timeout", "wrong"}

func kindOf(err error) kind {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return noAnswer
	}
	return wrong
}
