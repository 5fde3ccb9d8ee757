package socket

import "errors"

// Errors of [Transmit]. Package nodeipc has them under its own names.
var (
	ErrDisconnected   = errors.New("the channel is disconnected")
	ErrWouldBlock     = errors.New("the channel is full")
	ErrTooManyHandles = errors.New("too many handles are in flight")
)
