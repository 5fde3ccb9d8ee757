//go:build unix && (!linux || portable)

package socket

// MaxHandlesInFlight is how many handles may await their ACKs at once. A read may bring what follows a message with a descriptor
// too, so that a second descriptor could not be told from the first.
const MaxHandlesInFlight = 1
