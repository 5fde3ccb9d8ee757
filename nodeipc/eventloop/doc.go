// Package eventloop is this module's own and promises nothing to others: it waits for many file descriptors on one goroutine
// at a time and calls their owners.
//
// Channels and the cluster's primary run on it. A [Loop] calls functions one at a time: a [Source] needs no lock for what only its
// loop touches, and work that comes in one batch can be finished in one ([Loop.Defer]). On Linux a loop is an epoll set of its own,
// because a goroutine a descriptor on the runtime's poller costs a wake-up of another thread for most events. A goroutine that waits
// for what a loop brings may run the loop meanwhile, which saves that wake-up too ([Loop.Drive]). Elsewhere, and with the build tag
// portable, a loop stands on the runtime's poller.
package eventloop
