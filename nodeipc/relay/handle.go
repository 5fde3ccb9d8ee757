package relay

// Handle is a descriptor on its way.
type Handle struct {
	// FD is its number in this process while it is on its way.
	FD int
	// Network is "tcp", "udp", "unix" or "unixgram", and "" for what is no socket or of another family.
	Network string
	// Local and Remote are the addresses of a socket, "" where it has none: host:port, [host]:port or a path.
	Local, Remote string
	// Listening says that it is a listening socket.
	Listening bool
	// Inode tells one open socket from all others that are open on this machine, in whichever process it is.
	Inode uint64
}
