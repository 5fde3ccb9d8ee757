package eventloop

// SetLull has the loop ask before each wait whether it should first wait until the peer of the socket fd has read some of
// what was written to it, if there is any, or a millisecond has passed. Who has sent a peer many questions sleeps with
// that while it answers them one by one, and finds all answers at once when it comes back for more. A loop has one such
// socket at the most, and ask must say no once that is closed. Where the system
// cannot tell what a peer has read, all but Linux, ask is never called.
func (l *Loop) SetLull(fd int, ask func() bool) error {
	if err := l.poll.watchReads(fd); err != nil {
		return err
	}
	if tellsOfReads {
		l.mu.Lock()
		l.lull = ask
		l.mu.Unlock()
	}
	return nil
}

// pause waits for the end of a lull, if there is one.
func (l *Loop) pause() {
	l.mu.Lock()
	ask := l.lull
	l.mu.Unlock()
	if ask == nil || !ask() {
		return
	}
	l.poll.forgetReads()
	l.mu.Lock()
	awake := l.awake
	l.mu.Unlock()
	if !awake {
		l.poll.awaitRead()
	}
}
