package structuredclone

import (
	"fmt"
	"math"
)

// scanner reads the pieces that values are made of. It panics with a failure where they are not there.
type scanner struct {
	data  []byte
	pos   int
	depth int
	limit int // of depth
	// elements is how many more of them arrays may have: each takes a byte at least, so that one announced
	// beyond that is not there, however deep the arrays that announce them are nested.
	elements int
	// nextID numbers the objects in the order in which they begin.
	nextID uint32
	// references says that there are some: else no object needs to be remembered.
	references bool
	// spans has one for each object, if data is being checked or was.
	spans    []span
	checking bool
	checked  bool
	portable bool // what not every Node reads is refused
	// openHosts are the native objects within which the scanner is, where what not every Node reads is refused.
	openHosts []uint32
	errors    bool // there are some
}

// span is where an object is in the data.
type span struct {
	start, end uint32
	// next is the number of the first object after it.
	next uint32
	// count is how many properties, entries or values it has, besides the elements of a dense array.
	count uint32
}

func newScanner(data []byte) scanner {
	return scanner{data: data, limit: MaxDepth, elements: len(data)}
}

func (s *scanner) failAt(offset int, kind Kind, format string, args ...any) {
	panic(failure{&SyntaxError{Kind: kind, Offset: offset, Detail: fmt.Sprintf(format, args...)}})
}

func (s *scanner) header() {
	if len(s.data) < headerSize || s.data[0] != tagVersion || s.data[1] < oldestVersion || s.data[1] > newestRead {
		s.failAt(0, UnknownVersion, "no header of version %d to %d", oldestVersion, newestRead)
	}
	s.pos = headerSize
}

// scan goes through the whole data.
func (s *scanner) scan() {
	s.header()
	if uint64(len(s.data)) > math.MaxUint32 {
		s.failAt(0, OutOfRange, "a message of more than 4 GiB")
	}
	s.skip()
	if s.pos != len(s.data) {
		s.failAt(s.pos, Trailing, "%d bytes after the value", len(s.data)-s.pos)
	}
}

// check goes through the whole data, remembers where each object is, and begins again.
func (s *scanner) check() {
	s.checking = true
	s.scan()
	s.checking, s.checked = false, true
	s.pos, s.nextID = headerSize, 0
	s.elements = math.MaxInt
	s.limit = roomyDepth
}

// When data was checked, levels are counted of what is made of it: references and Go's pointers add some.
const roomyDepth = 4 * MaxDepth

func (s *scanner) enter() {
	if s.depth++; s.depth > s.limit {
		s.failTooDeep()
	}
}

func (s *scanner) failTooDeep() { s.failAt(s.pos, TooDeep, "nested deeper than %d levels", MaxDepth) }

func (s *scanner) leave() { s.depth-- }

// peek gives the next tag, at which pos then is.
func (s *scanner) peek() (tag byte) {
	if s.pos < len(s.data) {
		tag = s.data[s.pos]
	}
	if tag != tagPadding {
		return
	}
	return s.behindPadding()
}

func (s *scanner) behindPadding() byte {
	for ; s.pos < len(s.data); s.pos++ {
		if tag := s.data[s.pos]; tag != tagPadding {
			return tag
		}
	}
	s.failAt(s.pos, Truncated, "the message ends where a value should begin")
	return 0
}

func (s *scanner) tag() byte {
	tag := s.peek()
	s.pos++
	return tag
}

func (s *scanner) unknown(offset int, tag byte) {
	s.failAt(offset, UnknownTag, "%q begins nothing that Node sends on a channel", tag)
}

func (s *scanner) take(n uint32) []byte {
	rest := s.data[s.pos:]
	if uint64(n) > uint64(len(rest)) {
		s.failShort(n)
	}
	s.pos += int(n)
	return rest[:n]
}

func (s *scanner) failShort(n uint32) {
	s.failAt(s.pos, Truncated, "%d bytes should follow, and there are %d", n, len(s.data)-s.pos)
}

func (s *scanner) varint() uint32 {
	if s.pos >= len(s.data) || s.data[s.pos] >= 0x80 {
		return s.longVarint()
	}
	s.pos++
	return uint32(s.data[s.pos-1])
}

func (s *scanner) longVarint() uint32 {
	var n uint64
	for shift := 0; shift < 35; shift += 7 {
		if s.pos == len(s.data) {
			s.failAt(s.pos, Truncated, "the message ends within a number")
		}
		b := s.data[s.pos]
		s.pos++
		n |= uint64(b&0x7F) << shift
		if b < 0x80 {
			if n > math.MaxUint32 {
				break
			}
			return uint32(n)
		}
	}
	s.failAt(s.pos, BadLength, "a number of more than 32 bits")
	return 0
}

// reference reads what follows tagReference.
func (s *scanner) reference() uint32 {
	start := s.pos
	id := s.varint()
	if id >= s.nextID {
		s.failAt(start, BadReference, "a reference to object %d, and there are %d", id, s.nextID)
	}
	return id
}

// begin numbers an object of which the tag was read.
func (s *scanner) begin() uint32 {
	id := s.nextID
	s.nextID++
	return id
}
