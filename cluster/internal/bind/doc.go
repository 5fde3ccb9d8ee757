// Package bind opens the sockets that a primary listens on for its workers, as Node's primary opens them, and accepts from
// them.
package bind

import "errors"

// ErrNothingToAccept is what Accept returns when no connection waits.
var ErrNothingToAccept = errors.New("there is no connection to accept")

// ErrNothingToRead is what Peek returns for a connection of which nothing has come.
var ErrNothingToRead = errors.New("there is nothing to read")

// ErrReleased is an address in use that was closed here a moment ago, and may be free in another: ask again then.
var ErrReleased = errors.New("it was closed just now")

// Backlog is how many connections may wait in a queue whose program does not say: what Node asks for.
const Backlog = 511

// Request is what a worker wants to listen on.
type Request struct {
	// FD is a descriptor of the primary's, -1 for none. It has to be a socket that the program was started with, unless it is Offered.
	FD      int
	Offered bool
	// Address is an IP address, or where Port is -1 a path, or an abstract name with NUL before it; empty for the unspecified address.
	Address string
	Port    int
	// IPv6 tells the unspecified address of UDP.
	IPv6 bool
	// IPv6Only, ReuseAddress and ReusePort are options of the socket; the last two of UDP.
	IPv6Only, ReuseAddress, ReusePort bool
	// ReadableAll and WritableAll open a path to all users.
	ReadableAll, WritableAll bool
}
