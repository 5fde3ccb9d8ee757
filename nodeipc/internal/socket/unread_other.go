//go:build unix && !linux

package socket

// Unread is 0: no system call tells it here. It is not needed, since a read ends before a message with a descriptor.
func Unread(int) int { return 0 }

// Waiting is more than what the peer may have written that was not read here.
func Waiting(int) int { return 1 << 20 }
