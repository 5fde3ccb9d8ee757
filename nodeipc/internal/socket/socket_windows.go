package socket

import (
	"errors"
	"fmt"
	"sync"
)

const MaxHandlesInFlight = 1

var errWindows = fmt.Errorf("nodeipc: not on windows, where Node's channel is a named pipe: %w", errors.ErrUnsupported)

type Buffer struct {
	Bytes [1]byte
	FDs   []int
}

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

func (*Buffer) Receive(int, []byte) (int, bool, error) { return 0, false, errWindows }

func Transmit(int, []byte, int) (int, error) { return 0, errWindows }

func CloseWrite(int) error { return errWindows }

func Close(int) {}

func CloseOnExec(...int) {}

func SetSendBuffer(int, int) error { return errWindows }

func SetNonblock(int) error { return errWindows }

func Check(int) error { return errWindows }

func NewPair() (int, int, error) { return -1, -1, errWindows }

func Unread(int) int { return 0 }

// HasHungUp is false: there are no channels on Windows.
func HasHungUp(int) bool { return false }

func Waiting(int) int { return 0 }
