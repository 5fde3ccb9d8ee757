//go:build !linux

package cluster

// takesBoth says whether a worker takes connections both from a listening socket that it is given and from the primary.
func takesBoth(int) bool { return true }
