//go:build !portable

package eventloop

import (
	"time"

	"golang.org/x/sys/unix"
)

// batchDelay is, with what the system adds to it, as long as a Node program takes for twenty small messages: with fewer,
// reads and wake-ups cost more.
const batchDelay = 30 * time.Microsecond

// shortSleep sleeps without Go's timers, which are a millisecond apart.
var shortSleep = func() {
	duration := unix.NsecToTimespec(batchDelay.Nanoseconds())
	unix.Nanosleep(&duration, nil)
}
