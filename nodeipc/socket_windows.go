package nodeipc

import (
	"errors"
	"fmt"
	"sync"
)

const mostHandlesInFlight = 1

var errWindows = fmt.Errorf("nodeipc: not on windows, where Node's channel is a named pipe: %w", errors.ErrUnsupported)

type readBuffer struct {
	bytes [1]byte
	fds   []int
}

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

func (*readBuffer) receive(int) (int, bool, error) { return 0, false, errWindows }

func transmit(int, []byte, int) (int, error) { return 0, errWindows }

func closeFD(int) {}

func closeOnExec(...int) {}

func setNonblock(int) error { return errWindows }

func checkSocket(int) error { return errWindows }

func newPair() (int, int, error) { return -1, -1, errWindows }

func unreadBytes(int) int { return 0 }

func waitingBytes(int) int { return 0 }
