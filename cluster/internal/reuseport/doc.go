// Package reuseport makes groups of sockets that are bound to one address, among which the kernel chooses for each
// connection or datagram (SO_REUSEPORT on Linux), by the sender's address where it is told so. It knows sockets only, and
// not what they are for.
package reuseport
