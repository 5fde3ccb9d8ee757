//go:build unix

package relay

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"golang.org/x/sys/unix"
)

// maxHeld is how many bytes of a message with descriptors wait for its rest, so that it goes out in one piece.
const maxHeld = 64 << 10

// way is one direction of a relay.
type way struct {
	relay     *Relay
	direction Direction
	from, to  *end
	frames    splitter

	arrived []int    // descriptors of which it is not known yet where they stand
	held    []byte   // the beginning of a message with descriptors
	heldFDs []int    // those, nil for none
	written []int    // descriptors that were sent with a message whose end has not come
	handles []Handle // what they are, for the observer
	unread  bool     // plain bytes were written that the receiver may not have read
}

// run passes on what comes until one of the ends does not let it.
func (w *way) run() {
	err := w.copy()
	if heldErr := w.sendHeld(); err == nil {
		err = heldErr
	}
	closeAll(w.arrived)
	closeAll(w.written)
	w.relay.observer.HandleEnd(End{Direction: w.direction, Time: time.Now(), Partial: w.frames.size, Err: err})
	switch {
	case err != nil:
		w.from.shutdown(unix.SHUT_RD)
	case w.from.isClosed() && !w.relay.ended.Load():
		w.to.file.Close()
	default:
		w.to.shutdown(unix.SHUT_WR)
	}
}

func (w *way) copy() error {
	buffer := socket.GetBuffer()
	defer socket.PutBuffer(buffer)
	for {
		n, err := w.from.receive(buffer)
		if n == 0 || err != nil {
			return err
		}
		w.arrived = slices.Clone(buffer.FDs)
		if err := w.pass(buffer.Bytes[:n]); err != nil {
			return err
		}
	}
}

// pass passes on what one read has brought: plain bytes together, a message with descriptors by itself.
func (w *way) pass(b []byte) error {
	now, written := time.Now(), 0
	at := w.locate(b)
	for pos := 0; pos < len(b); {
		if pos == at {
			if err := w.hold(b[written:pos]); err != nil {
				return err
			}
			written = pos
		}
		n, whole, payload := w.frames.next(b[pos:])
		var awaited *sentHandle
		if pos += n; whole {
			awaited = w.observe(payload, now)
		}
		if w.heldFDs != nil {
			w.held = append(w.held, b[written:pos]...)
			if written = pos; whole || len(w.held) >= maxHeld {
				if err := w.sendHeld(); err != nil {
					return err
				}
			}
		}
		if whole {
			w.keep(awaited)
		}
	}
	return w.sendPlain(b[written:])
}

// locate finds the message in b that descriptors came with, if any did. They stand beside the first byte of a write,
// and a read ends with that write: it is the last message that has a use for them, else the last that begins there.
func (w *way) locate(b []byte) int {
	if len(w.arrived) == 0 {
		return -1
	}
	last, taker := 0, -1
	frames := splitter{advanced: w.frames.advanced, most: len(b), size: w.frames.size, length: w.frames.length}
	for pos := 0; pos < len(b); {
		begins := frames.size == 0
		n, whole, payload := frames.next(b[pos:])
		if begins {
			if last = pos; whole && takesHandle(w.relay.codec, payload) {
				taker = pos
			}
		}
		if pos += n; whole {
			frames.end()
		}
	}
	if taker >= 0 {
		return taker
	}
	return last
}

// hold begins a message with the descriptors that have arrived. before is what has to be written first.
func (w *way) hold(before []byte) error {
	if err := w.sendHeld(); err != nil {
		return err
	}
	if err := w.sendPlain(before); err != nil {
		return err
	}
	w.heldFDs, w.arrived = w.arrived, nil
	w.handles = append(w.handles, describe(w.heldFDs)...)
	return nil
}

// sendHeld writes what there is of a message with descriptors. It does not go out before the receiver has read what
// went before: a read that brings both makes Deno lose the handle.
func (w *way) sendHeld() error {
	if w.heldFDs == nil {
		return nil
	}
	var err error
	if w.unread {
		err = w.to.awaitRead(&w.relay.ended)
	}
	if err == nil {
		err = w.send(w.held, w.heldFDs)
	}
	w.written = append(w.written, w.heldFDs...)
	w.held, w.heldFDs, w.unread = w.held[:0], nil, false
	return err
}

// keep keeps the descriptor of a message that was sent whole until it is answered, and closes those that nobody asked for.
func (w *way) keep(awaited *sentHandle) {
	if awaited != nil && len(w.written) > 0 {
		w.relay.acks.keep(awaited, w.written[0])
		w.written = w.written[1:]
	}
	closeAll(w.written)
	w.written = nil
}

func (w *way) sendPlain(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	w.unread = true
	return w.send(b, nil)
}

// send writes to the receiver. That of an ended relay does not take it, and what there is to read is read nevertheless.
func (w *way) send(b []byte, fds []int) error {
	err := w.to.send(b, fds)
	if w.relay.ended.Load() {
		return nil
	}
	return err
}

// observe tells of a frame that is whole. It returns what is to be kept of a handle.
func (w *way) observe(payload []byte, at time.Time) *sentHandle {
	f := &Frame{Direction: w.direction, Time: at, Payload: payload, Handles: w.handles}
	f.Size, f.Truncated = w.frames.end()
	classify(w.relay.codec, f)
	awaited := w.relay.acks.take(f)
	w.relay.observer.HandleFrame(f)
	w.handles = w.handles[:0]
	return awaited
}

func closeAll(fds []int) {
	for _, fd := range fds {
		socket.Close(fd)
	}
}
