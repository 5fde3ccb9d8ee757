package nodeipc

import "github.com/nodecluster/nodecluster/nodeipc/internal/socket"

// maxArrivals is how many descriptors one read may bring; a Node process sends one at a time.
const maxArrivals = 64

// arrivals are descriptors that were read and whose messages were not handled yet. A descriptor travels beside the
// first byte of its message, so that it is for one that begins in the read which brought it; so one that got lost,
// because this process had no room for it, does not make others go astray.
type arrivals struct {
	latest  fifo[int] // came with the last read
	earlier fifo[int] // came with the read in which the message began whose end is awaited
	present *fifo[int]
}

func (a *arrivals) arrive(fds []int) {
	for _, fd := range fds {
		if a.latest.len() < maxArrivals {
			a.latest.push(fd)
		} else {
			socket.Close(fd)
		}
	}
}

// begin is called before the first message of a read, which may have begun in one before.
func (a *arrivals) begin(before bool) {
	a.present = &a.latest
	if before {
		a.present = &a.earlier
	}
}

// take gives the descriptor of the present message, -1 if none came.
func (a *arrivals) take() int {
	if a.present.len() == 0 {
		return -1
	}
	return a.present.pop()
}

// next is called after each message.
func (a *arrivals) next() {
	closeFDs(&a.earlier)
	a.present = &a.latest
}

// keep is called after the last message of a read, of which the beginning of another may be left.
func (a *arrivals) keep(partial bool) {
	if partial && a.present == &a.latest {
		a.earlier, a.latest = a.latest, a.earlier
		return
	}
	closeFDs(&a.latest)
}

func (a *arrivals) closeAll() {
	closeFDs(&a.earlier)
	closeFDs(&a.latest)
}

func closeFDs(fds *fifo[int]) {
	for fds.len() > 0 {
		socket.Close(fds.pop())
	}
}
