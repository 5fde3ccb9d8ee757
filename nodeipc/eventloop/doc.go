// Package eventloop is this module's own and promises nothing to others: it waits for many file descriptors on one goroutine
// at a time and calls their owners.
//
// It is what a channel and a cluster primary run on. All that a [Loop] calls, it calls one at a time: a
// [Source] needs no lock for what only its loop touches, and work that comes in one batch can be finished in
// one ([Loop.Defer]). On Linux a loop is an epoll set of its own, because a goroutine a descriptor on the
// runtime's poller costs a wake-up of another thread for most events. One who waits for what a loop brings may run it
// meanwhile, which saves that wake-up too ([Loop.Drive]). Elsewhere, and with the build tag
// portable, it stands on the runtime's poller.
package eventloop
