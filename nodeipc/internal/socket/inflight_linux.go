//go:build !portable

package socket

// MaxHandlesInFlight is how many handles may await their ACKs at once. Linux never returns bytes from
// past a message with a descriptor in one read, so that each handle stays with its message.
const MaxHandlesInFlight = 1 << 16
