package nodeipc

import "github.com/nodecluster/nodecluster/handlewrap"

// maxArrivals is how many descriptors one read may bring. A Node process sends one at a time.
const maxArrivals = 64

// arrivals are descriptors that were read and whose messages have not been handled. A descriptor travels beside the first byte of
// its message, so it is for a message that begins in the read that brought it. Where one got lost, because this process had no
// room for it, the next ones still find their messages.
type arrivals struct {
	latest  fifo[int] // came with the last read
	earlier fifo[int] // came with the read in which the message began whose end is awaited
	current *fifo[int]
	closer  *handlewrap.Closer
}

func (a *arrivals) add(fds []int) {
	for _, fd := range fds {
		if a.latest.len() < maxArrivals {
			a.latest.push(fd)
		} else {
			a.closer.CloseLater(fd)
		}
	}
}

// startRead is called before the first message of a read. before reports whether that began in an earlier read.
func (a *arrivals) startRead(before bool) {
	a.current = &a.latest
	if before {
		a.current = &a.earlier
	}
}

// take returns the descriptor of the current message, -1 if none came.
func (a *arrivals) take() int {
	if a.current.len() == 0 {
		return -1
	}
	return a.current.pop()
}

// endMessage is called after each message. It closes what that has left.
func (a *arrivals) endMessage() {
	a.close(&a.earlier)
	a.current = &a.latest
}

// endRead is called after the last message of a read. partial reports whether the beginning of another is left.
func (a *arrivals) endRead(partial bool) {
	if partial && a.current == &a.latest {
		a.earlier, a.latest = a.latest, a.earlier
		return
	}
	a.close(&a.latest)
}

func (a *arrivals) closeAll() {
	a.close(&a.earlier)
	a.close(&a.latest)
}

func (a *arrivals) close(fds *fifo[int]) {
	for fds.len() > 0 {
		a.closer.CloseLater(fds.pop())
	}
}
