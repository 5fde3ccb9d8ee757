package socket

import "errors"

// What [Transmit] fails with; package nodeipc has them under its own name.
var (
	ErrDisconnected   = errors.New("the channel is disconnected")
	ErrWouldBlock     = errors.New("the channel is full")
	ErrTooManyHandles = errors.New("too many handles are in flight")
)
