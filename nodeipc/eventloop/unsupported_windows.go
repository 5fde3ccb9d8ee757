package eventloop

import (
	"errors"
	"fmt"
	"time"
)

type poller struct{}

func newPoller() (*poller, error) {
	return nil, fmt.Errorf("eventloop: not on windows, which passes handles in another way: %w", errors.ErrUnsupported)
}

func (*poller) add(int, Events, Source) error { return errors.ErrUnsupported }
func (*poller) setInterest(int, Events) error { return errors.ErrUnsupported }
func (*poller) rearm(int)                     {}
func (*poller) remove(int)                    {}
func (*poller) wait(time.Duration, func())    {}
func (*poller) wake()                         {}
func (*poller) close()                        {}
