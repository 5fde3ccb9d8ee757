//go:build !linux

package web

import (
	"errors"
	"net"
)

// canTellPeers reports whether this system says which user has made a connection on loopback.
const canTellPeers = false

func peerUID(net.Conn) (int, error) { return 0, errors.ErrUnsupported }
