//go:build !portable

package cluster

// awaitMore does nothing: epoll tells of each further arrival.
func (u *undecided) awaitMore() {}
