package nodeipc

import "slices"

const (
	// maxKept is how large an empty buffer may be that is kept for the next message that comes in pieces.
	maxKept = 256 << 10
	// slabSize is how much room is made at once for small payloads, and slabbed how large such a one may be: one that is
	// kept for long keeps its slab.
	slabSize = 4 << 10
	slabbed  = 256
	// minAssembled is how large a payload is that gets the whole memory in which it was put together.
	minAssembled = 32 << 10
)

// assembly puts messages together that come in pieces, and gives payloads memory of their own.
type assembly struct {
	spare   spareMemory
	memory  *memory // partial's
	partial []byte  // the beginning of a message whose end has not come
	within  bool    // what is being cut is in that memory
	given   bool    // that memory is a payload's from now on
	// last is how long the last frame was: the next one may well be as long.
	last int
	slab []byte
}

// room is where to read to: what is left of the memory that the message needs which has begun, or memory for one as long as
// the last. Without it, what is read goes elsewhere first.
func (a *assembly) room() []byte {
	if len(a.partial) == 0 {
		if a.last < minAssembled {
			return nil
		}
		if cap(a.partial) < a.last && a.last <= maxKept {
			a.move(a.last)
		}
	}
	return a.partial[len(a.partial):cap(a.partial)]
}

// move puts what there is of a message into memory for size bytes.
func (a *assembly) move(size int) {
	m := a.spare.get(size)
	partial := m.bytes[:copy(m.bytes, a.partial):size]
	a.drop()
	a.memory, a.partial = m, partial
}

// drop gives up the memory of partial.
func (a *assembly) drop() {
	if a.memory != nil {
		a.spare.put(a.memory)
	}
	a.memory, a.partial = nil, nil
}

// land takes what was read into room, and gives what is to be cut; begun reports whether that begins with the beginning that
// was there.
func (a *assembly) land(n int) (joined []byte, begun bool) {
	begun, a.within = len(a.partial) > 0, true
	a.partial = a.partial[:len(a.partial)+n]
	return a.partial, begun
}

// join is land for what was read elsewhere.
func (a *assembly) join(chunk []byte) (joined []byte, begun bool) {
	if a.within = len(a.partial) > 0; !a.within {
		return chunk, false
	}
	a.add(chunk)
	return a.partial, true
}

func (a *assembly) add(chunk []byte) {
	if whole := len(a.partial) + len(chunk); whole > cap(a.partial) {
		a.move(whole)
	}
	a.partial = append(a.partial, chunk...)
}

// keep stores the beginning of a message, which is the end of what land or join gave. need is how long the message will
// be, as far as is known.
func (a *assembly) keep(rest []byte, need int) {
	switch {
	case a.given:
		// What is left goes elsewhere before anything is read into that memory, which may be spare by now.
		a.given, a.memory, a.partial = false, nil, slices.Clip(rest)
	case !a.within:
		a.partial = a.partial[:0]
		a.add(rest)
	case len(rest) < len(a.partial):
		a.partial = a.partial[:copy(a.partial, rest)]
	}
	if len(a.partial) > 0 {
		a.reserve(need)
	} else if cap(a.partial) > maxKept || a.memory == nil {
		a.drop()
	}
}

// reserve makes room for the rest of a message. A peer gets little more than it has filled, whatever length it announces.
func (a *assembly) reserve(need int) {
	have := len(a.partial)
	if need <= cap(a.partial) {
		return
	}
	if need == have+1 {
		need = max(a.last, have+have/2+minAssembled) // it is not known
	}
	a.move(min(need, 4*have+minAssembled))
}

// own gives a payload memory that nothing else is written to while its lease lasts.
func (a *assembly) own(payload []byte) ([]byte, lease) {
	size := len(payload)
	switch {
	case size >= minAssembled && a.within && !a.given:
		a.given = true
		return slices.Clip(payload), a.memory.lease()
	case size >= minAssembled:
		m := a.spare.get(size)
		return m.bytes[:copy(m.bytes, payload):size], m.lease()
	case size > slabbed:
		return slices.Clone(payload), lease{}
	case size > len(a.slab):
		a.slab = make([]byte, slabSize)
	}
	own := a.slab[:size:size]
	a.slab = a.slab[size:]
	copy(own, payload)
	return own, lease{}
}
