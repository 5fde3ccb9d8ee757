//go:build !linux || portable

package cluster

// acceptQueue is how many connections wait in a listening socket, 0 where the system does not tell.
func acceptQueue(int) int { return 0 }
