//go:build unix && !linux

package trace

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// peer is the process at the other end of a connection. Only the user of the trace can connect, and is believed.
type peer struct {
	pid, parent int
	uid         uint32
}

var (
	errStranger = errors.New("it is no descendant of the traced program")
	errEnded    = errors.New("its process ended before it could say what it is")
)

func peerOf(*net.UnixConn) (*peer, error) { return &peer{}, nil }

func (*peer) close() {}

func (*peer) isFrom([]unix.SocketControlMessage) bool { return true }

func (*peer) isCalled(int) bool { return true }

const credentialsSpace = 0
