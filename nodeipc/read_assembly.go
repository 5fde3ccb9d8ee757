package nodeipc

import "slices"

const (
	// maxKept is how large an empty buffer may be that is kept for the next message that comes in pieces.
	maxKept = 256 << 10
	// slabSize is how large a slab is, which several small payloads share, and maxSlabbed how large a payload is that may do so:
	// one that is kept for long keeps its slab.
	slabSize   = 4 << 10
	maxSlabbed = 256
	// minAssembled is how large a payload is that gets the whole memory in which it was put together.
	minAssembled = 32 << 10
)

// assembly puts messages together that come in pieces, and gives payloads memory of their own.
//
// Between two reads it is in one of two states: partial is empty, or it holds the beginning of a message. What is read next goes
// through three steps:
//
//  1. readBuffer says where to read to. What was read there is added by commitRead, what was read elsewhere by appendChunk.
//     Either gives all that there is to be cut, which is in memory, inMemory, or still where it was read.
//  2. payloadMemory is called for each payload that is cut off. A large one in memory takes that over as it is: handedOut.
//  3. keepRest makes what is left after the last payload the new partial. Where memory was handed out, that goes elsewhere.
type assembly struct {
	spare     spareMemory
	memory    *memory // holds partial; nil if that is empty, or the end of what was handed out
	partial   []byte  // is the beginning of a message whose end has not come
	inMemory  bool    // what is being cut is in memory
	handedOut bool    // memory is a payload's from now on
	// lastSize is how long the last frame was: the next one may well be as long.
	lastSize int
	slab     []byte
}

// readBuffer returns where to read to: the rest of the memory for the message that has begun, or memory for one as long as the
// last. It is empty where what is read has to go elsewhere first.
func (a *assembly) readBuffer() []byte {
	if len(a.partial) == 0 {
		if a.lastSize < minAssembled {
			return nil
		}
		if cap(a.partial) < a.lastSize && a.lastSize <= maxKept {
			a.moveTo(a.lastSize)
		}
	}
	return a.partial[len(a.partial):cap(a.partial)]
}

// moveTo puts what there is of a message into memory for size bytes.
func (a *assembly) moveTo(size int) {
	m := a.spare.get(size)
	partial := m.bytes[:copy(m.bytes, a.partial):size]
	a.releasePartial()
	a.memory, a.partial = m, partial
}

// releasePartial gives up the memory of partial.
func (a *assembly) releasePartial() {
	if a.memory != nil {
		a.spare.put(a.memory)
	}
	a.memory, a.partial = nil, nil
}

// commitRead adds the n bytes that were read into readBuffer, and returns what is to be cut. begun reports whether its first
// message began in a read before.
func (a *assembly) commitRead(n int) (joined []byte, begun bool) {
	begun, a.inMemory = len(a.partial) > 0, true
	a.partial = a.partial[:len(a.partial)+n]
	return a.partial, begun
}

// appendChunk is commitRead for what was read elsewhere.
func (a *assembly) appendChunk(chunk []byte) (joined []byte, begun bool) {
	if a.inMemory = len(a.partial) > 0; !a.inMemory {
		return chunk, false
	}
	a.appendPartial(chunk)
	return a.partial, true
}

func (a *assembly) appendPartial(chunk []byte) {
	if whole := len(a.partial) + len(chunk); whole > cap(a.partial) {
		a.moveTo(whole)
	}
	a.partial = append(a.partial, chunk...)
}

// keepRest keeps the beginning of a message, which is the end of what commitRead or appendChunk returned. need is how long the
// message will be, as far as is known.
func (a *assembly) keepRest(rest []byte, need int) {
	switch {
	case a.handedOut:
		// What is left goes elsewhere before anything is read into that memory, which may be spare by now.
		a.handedOut, a.memory, a.partial = false, nil, slices.Clip(rest)
	case !a.inMemory:
		a.partial = a.partial[:0]
		a.appendPartial(rest)
	case len(rest) < len(a.partial):
		a.partial = a.partial[:copy(a.partial, rest)]
	}
	if len(a.partial) > 0 {
		a.reserve(need)
	} else if cap(a.partial) > maxKept || a.memory == nil {
		a.releasePartial()
	}
}

// reserve makes room for the rest of a message. A peer gets little more than it has filled, whatever length it announces.
func (a *assembly) reserve(need int) {
	have := len(a.partial)
	if need <= cap(a.partial) {
		return
	}
	if need == have+1 {
		need = max(a.lastSize, have+have/2+minAssembled) // it is not known
	}
	a.moveTo(min(need, 4*have+minAssembled))
}

// payloadMemory returns the payload in memory that nothing else is written to while its lease lasts.
func (a *assembly) payloadMemory(payload []byte) ([]byte, lease) {
	size := len(payload)
	switch {
	case size >= minAssembled && a.inMemory && !a.handedOut:
		a.handedOut = true
		return slices.Clip(payload), a.memory.lease()
	case size >= minAssembled:
		m := a.spare.get(size)
		return m.bytes[:copy(m.bytes, payload):size], m.lease()
	case size > maxSlabbed:
		return slices.Clone(payload), lease{}
	case size > len(a.slab):
		a.slab = make([]byte, slabSize)
	}
	own := a.slab[:size:size]
	a.slab = a.slab[size:]
	copy(own, payload)
	return own, lease{}
}
