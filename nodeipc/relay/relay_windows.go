package relay

import (
	"errors"
	"fmt"
)

type end struct{}

func (*Relay) start(int, int, splitter) error {
	return fmt.Errorf("relay: not on windows, where Node's channel is a named pipe: %w", errors.ErrUnsupported)
}

func (*Relay) shutdownEnds() {}

func (*Relay) closeEnds() {}
