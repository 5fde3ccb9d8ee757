package structuredclone

// denseLength reads the length of a dense array, whose elements follow.
func (s *scanner) denseLength() uint32 {
	start := s.pos
	length := s.varint()
	if uint64(length) > uint64(min(s.elements, len(s.data)-s.pos)) {
		s.failAt(start, BadLength, "an array of %d elements, and %d bytes follow", length, len(s.data)-s.pos)
	}
	s.elements -= int(length)
	return length
}

// hole reads an array's hole if there is one.
func (s *scanner) hole() bool {
	if s.peek() != tagHole {
		return false
	}
	s.pos++
	return true
}

// sameCount reads how many values were written, after them.
func (s *scanner) sameCount(n uint32) {
	start := s.pos
	if written := s.varint(); written != n {
		s.failAt(start, BadLength, "%d are counted, and there are %d", written, n)
	}
}

// sameLength reads an array's length again, after its elements.
func (s *scanner) sameLength(n uint32) {
	start := s.pos
	if written := s.varint(); written != n {
		s.failAt(start, BadLength, "an array's length is %d, and was %d", written, n)
	}
}

// regExp reads what follows tagRegExp.
func (s *scanner) regExp() (source text, flags string) {
	source = s.someText("the source of a RegExp")
	start := s.pos
	bits := s.varint()
	flags, ok := flagsOf(bits)
	if !ok {
		s.failAt(start, BadValue, "the flags of a RegExp are %#x", bits)
	}
	if s.portable {
		s.portableRegExp(start, source, flags)
	}
	return source, flags
}

// buffer reads what follows the tag of an ArrayBuffer.
func (s *scanner) buffer(tag byte) (raw []byte, maxByteLength uint32) {
	start := s.pos
	length := s.varint()
	if tag == tagResizable && s.portable {
		s.failAt(start, BadValue, "an ArrayBuffer that can be resized, of which older Nodes have none")
	}
	if tag == tagResizable {
		if maxByteLength = s.varint(); maxByteLength < length {
			s.failAt(start, BadLength, "an ArrayBuffer of %d bytes that may have %d", length, maxByteLength)
		}
	}
	return s.take(length), maxByteLength
}

// hostKind reads what Node wrote first in a host object.
func (s *scanner) hostKind() uint32 {
	start := s.pos
	kind := s.varint()
	if kind == hostPlain {
		if s.peek() == tagObject {
			return kind
		}
	} else if kind == hostView {
		return kind
	}
	s.failAt(start, UnknownTag, "a host object is neither a view nor a plain object")
	return 0
}

// view reads the rest of a view that Node wrote.
func (s *scanner) view() (ViewKind, []byte) {
	start := s.pos
	kind := s.varint()
	if kind >= uint32(len(views)) {
		s.failAt(start, UnknownTag, "a view of the unknown kind %d", kind)
	}
	if s.portable && ViewKind(kind) == Float16Array {
		s.failAt(start, BadValue, "a Float16Array, of which older Nodes have none")
	}
	raw := s.take(s.varint())
	if len(raw)%views[kind].size != 0 {
		s.failAt(start, BadLength, "a %v of %d bytes", ViewKind(kind), len(raw))
	}
	return ViewKind(kind), raw
}

// errorParts reads what follows tagError, and calls read where a message, stack or cause is to be read. It
// gives the error's name. Node 22 changed the order of the parts.
func (s *scanner) errorParts(read func(part byte)) (name string) {
	var seen [256]bool
	for {
		start := s.pos
		part := s.take(1)[0] // V8 allows no padding before it
		if part == errorEnd {
			return name
		}
		kind := part
		known := part == errorMessage || part == errorStack || part == errorCause
		if !known {
			if name, known = errorNames[part]; !known {
				s.failAt(start, UnknownTag, "%q is no part of an Error", part)
			}
			kind = 0
		}
		if seen[kind] {
			s.failAt(start, Duplicate, "a part of an Error is there twice")
		}
		if s.portable && (seen[errorStack] || kind == 0 && seen[errorMessage]) {
			s.failAt(start, BadValue, "an Error's parts are in an order that not every Node reads")
		}
		seen[kind] = true
		if kind != 0 {
			read(part)
		}
	}
}
