//go:build !linux || portable

package cluster

import "time"

// peekPause is how long it takes until a connection is looked at again of which more bytes are needed. The system's poll would tell at once
// of those that are there.
const peekPause = 5 * time.Millisecond

// awaitMore has the loop tell of the connection again after a pause, if it is still waited for.
func (u *undecided) awaitMore() {
	loop := u.of.dispatcher.primary.loop
	time.AfterFunc(peekPause, func() {
		loop.Post(func() {
			if u.place != nil {
				loop.Rearm(u.fd)
			}
		})
	})
}
