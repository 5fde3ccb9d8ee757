package socket

import "errors"

// Errors of [Transmit]. Package nodeipc has them under its own names.
var (
	ErrDisconnected   = errors.New("the channel is disconnected")
	ErrWouldBlock     = errors.New("the channel is full")
	ErrTooManyHandles = errors.New("too many handles are in flight")
	// ErrNoRoom is as ErrWouldBlock, for a socket that may be writable all the same: time has to pass.
	ErrNoRoom = errors.New("the channel has no room for a handle")
)
