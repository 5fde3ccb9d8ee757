package structuredclone

import "slices"

// skip reads one value and makes nothing of it. All that can be wrong with it is found here, but for keys that
// an object has twice: that needs memory.
func (s *scanner) skip() {
	if end, ok := endOfCommon(s.data, s.pos); ok {
		s.pos = end
		return
	}
	start := s.pos
	switch tag := s.tag(); tag {
	case tagUndefined, tagNull, tagTrue, tagFalse:
	case tagInt32, tagUint32, tagDouble:
		s.number(tag)
	case tagBigInt:
		s.digits()
	case tagOneByte, tagTwoByte, tagUTF8:
		s.text(tag)
	case tagReference:
		if id := s.reference(); slices.Contains(s.openHosts, id) {
			s.failAt(start, BadReference, "a reference to a native object within it, which V8 has only when it was read")
		}
		s.references = true
	default:
		s.skipObject(start, tag)
	}
}

// skipObject reads the object that begins at start, and of which the tag was read.
func (s *scanner) skipObject(start int, tag byte) {
	id := s.begin()
	if s.checked {
		s.jump(id)
		return
	}
	if s.checking {
		if len(s.spans) == cap(s.spans) {
			// Twice as many, where append would take less and copy more often.
			s.spans = slices.Grow(s.spans, len(s.spans)+16)
		}
		s.spans = append(s.spans, span{start: uint32(start)})
	}
	s.enter()
	var count uint32
	if tag == tagObject {
		count = s.skipProperties(tagObjectEnd)
	} else {
		count = s.skipParts(start, tag)
	}
	s.leave()
	if s.checking {
		s.spans[id].end, s.spans[id].next, s.spans[id].count = uint32(s.pos), s.nextID, count
	}
}

// jump goes to the end of the object with that number, which begins here.
func (s *scanner) jump(id uint32) {
	s.pos, s.nextID = int(s.spans[id].end), s.spans[id].next
}

// skipParts reads what an object is made of, and gives the count for its span.
func (s *scanner) skipParts(start int, tag byte) (count uint32) {
	switch tag {
	case tagDense:
		return s.skipDense()
	case tagSparse:
		length := s.varint()
		count = s.skipProperties(tagSparseEnd)
		s.sameLength(length)
	case tagTrueBox, tagFalseBox:
	case tagDate, tagNumberBox:
		s.double()
	case tagBigIntBox:
		s.digits()
	case tagStringBox:
		s.someText("what a String object holds")
	case tagRegExp:
		s.regExp()
	case tagMap:
		return s.skipUntil(tagMapEnd, 2)
	case tagSet:
		return s.skipUntil(tagSetEnd, 1)
	case tagBuffer, tagResizable:
		s.buffer(tag)
	case tagError:
		s.skipError()
	case tagHostObject:
		s.skipHostObject(s.nextID - 1)
	default:
		s.unknown(start, tag)
	}
	return count
}

func (s *scanner) skipProperties(end byte) (n uint32) {
	if s.portable {
		return s.portableProperties(end)
	}
	for ; s.peek() != end; n++ {
		if end, ok := endOfShort(s.data, s.pos); ok {
			s.pos = end
		} else {
			s.key()
		}
		s.skip()
	}
	s.pos++
	s.sameCount(n)
	return n
}

func (s *scanner) skipDense() (properties uint32) {
	length := s.denseLength()
	for left := int(length); left > 0; left-- {
		if doubles := s.doublesAhead(left); doubles > 0 {
			s.pos += doubles * sizeOfDouble
			left -= doubles - 1
		} else if !s.hole() {
			s.skip()
		}
	}
	properties = s.skipProperties(tagDenseEnd)
	s.sameLength(length)
	return properties
}

func (s *scanner) skipUntil(end byte, atOnce uint32) (n uint32) {
	for ; s.peek() != end; n += atOnce {
		for range atOnce {
			s.skip()
		}
	}
	s.pos++
	s.sameCount(n)
	return n
}

func (s *scanner) skipError() {
	s.errors = true
	s.errorParts(func(part byte) {
		if part == errorCause {
			s.refuseCause()
			s.skip()
		} else {
			s.someText("a part of an Error")
		}
	})
}

func (s *scanner) skipHostObject(id uint32) {
	if s.hostKind() == hostView {
		s.view()
		return
	}
	if s.portable {
		s.openHosts = append(s.openHosts, id)
		defer func() { s.openHosts = s.openHosts[:len(s.openHosts)-1] }()
	}
	s.skip()
}
