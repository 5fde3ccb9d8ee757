package nodeipc

import "slices"

const (
	// mostKept is how large an empty buffer may be that is kept for the next message that comes in pieces.
	mostKept = 256 << 10
	// slabSize is how much room is made at once for small payloads, and slabbed how large such a one may be: one that is
	// kept for long keeps its slab.
	slabSize = 4 << 10
	slabbed  = 256
	// frameSize is how much longer a frame is than its payload, at the most.
	frameSize = 4
	// leastAssembled is how large a payload is that gets the whole buffer in which it was put together.
	leastAssembled = 32 << 10
)

// assembly puts messages together that come in pieces, and gives payloads memory of their own.
type assembly struct {
	partial []byte // the beginning of a message whose end has not come
	within  bool   // what is being cut is in partial's memory
	given   bool   // that memory is a payload's from now on
	// last is how long the last message in pieces was: the next one may well be as long.
	last int
	slab []byte
}

// room is where to read to: what is left of the memory that the message needs which has begun, or memory for one as long as
// the last. Without it, what is read goes elsewhere first.
func (a *assembly) room() []byte {
	if len(a.partial) == 0 && cap(a.partial) < a.last && a.last >= leastAssembled && a.last <= mostKept {
		a.partial = make([]byte, 0, a.last)
	}
	if len(a.partial) == 0 && a.last < leastAssembled {
		return nil
	}
	return a.partial[len(a.partial):cap(a.partial)]
}

// land takes what was read into room, and gives what is to be cut; begun says whether that begins with the beginning that
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
	a.partial = append(a.partial, chunk...)
	return a.partial, true
}

// keep stores the beginning of a message, which is the end of what land or join gave. need is how long the message will
// be, as far as is known.
func (a *assembly) keep(rest []byte, need int) {
	switch {
	case a.given:
		a.partial, a.given = slices.Clone(rest), false
	case !a.within:
		a.partial = append(a.partial[:0], rest...)
	case len(rest) < len(a.partial):
		a.partial = a.partial[:copy(a.partial, rest)]
	}
	if len(a.partial) > 0 {
		a.reserve(need)
	} else if cap(a.partial) > mostKept {
		a.partial = nil
	}
}

// reserve makes room for the rest of a message. A peer gets little more than it has filled, whatever length it announces.
func (a *assembly) reserve(need int) {
	have := len(a.partial)
	if need <= cap(a.partial) {
		return
	}
	if need == have+1 {
		need = max(a.last, have+have/2+leastAssembled) // it is not known
	}
	roomy := make([]byte, have, min(need, 4*have+leastAssembled))
	copy(roomy, a.partial)
	a.partial = roomy
}

// own gives a payload memory that nothing else is written to.
func (a *assembly) own(payload []byte) []byte {
	size := len(payload)
	a.last = size + frameSize
	switch {
	case a.within && size >= leastAssembled:
		a.given = true
		return payload[:size:size]
	case size > slabbed:
		return slices.Clone(payload)
	case size > len(a.slab):
		a.slab = make([]byte, slabSize)
	}
	own := a.slab[:size:size]
	a.slab = a.slab[size:]
	copy(own, payload)
	return own
}
