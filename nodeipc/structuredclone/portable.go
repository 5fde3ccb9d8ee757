package structuredclone

import "strings"

// MaxPortableDepth is how deeply values may be nested in a message that every Node reads, wherever its stack is then.
const MaxPortableDepth = 512

// maxPortableRegExp is how many bytes the source of a regular expression may have.
const maxPortableRegExp = 1 << 10

// maxPortableBigInt is how many bytes V8 has for a BigInt.
const maxPortableBigInt = 1 << 27

// CheckPortable reports whether Node 16 to 26 all read data, however it was made: nil, or a [*SyntaxError] that says why one may not. A Node
// process ends, or loses its channel, by a message that it cannot read. So it is for what one process has written and another is to get.
//
// [Decode] takes more: values that only some versions of Node have, deeper nesting than [MaxPortableDepth], and what Node never writes. A
// regular expression is portable if its source has none of the characters ( ) [ ] { } * + ? \ and no line break: V8 compiles it when it
// reads it. It makes nothing of the message, and allocates only for objects with many keys.
func CheckPortable(data []byte) (err error) {
	defer catch(&err)
	s := newScanner(data)
	s.portable, s.limit = true, MaxPortableDepth
	s.scan()
	if s.errors && s.references {
		s.failAt(headerSize, BadReference, "references in a message with an Error, which Node 16 takes for others")
	}
	return nil
}

// keys are those of an object.
type keys struct {
	few  [16]string
	n    int
	many map[string]struct{}
}

// add reports whether a key is new.
func (k *keys) add(key string) bool {
	if k.n < len(k.few) {
		for _, other := range k.few[:k.n] {
			if other == key {
				return false
			}
		}
		k.few[k.n] = key
		k.n++
		return true
	}
	if k.many == nil {
		k.many = make(map[string]struct{}, 2*k.n)
		for _, other := range k.few {
			k.many[other] = struct{}{}
		}
	}
	before := len(k.many)
	k.many[key] = struct{}{}
	return len(k.many) > before
}

// portableProperties is skipProperties for what every Node is to read: no key comes twice, and an array's are no elements that it has, or its
// length.
func (s *scanner) portableProperties(end byte) (n uint32) {
	var seen keys
	for ; s.peek() != end; n++ {
		start := s.pos
		key := s.portableKey()
		_, isIndex := arrayIndex(key)
		if !seen.add(key) || end != tagObjectEnd && key == "length" || end == tagDenseEnd && isIndex {
			s.failAt(start, Duplicate, "the key %q is there twice", key)
		}
		s.skip()
	}
	s.pos++
	s.sameCount(n)
	return n
}

// portableKey is a key as JavaScript has it. Where it can, it shares the memory of the data.
func (s *scanner) portableKey() string {
	switch name, number, isNumber := s.key(); {
	case isNumber:
		return string(appendNumber(nil, number))
	case name.ascii():
		return stringOf(name.raw)
	default:
		return name.String()
	}
}

// refuseCause is called before the cause of an Error. Node 22 reads the parts of one with a cause in another order than those before.
func (s *scanner) refuseCause() {
	if s.portable {
		s.failAt(s.pos, BadValue, "an Error with a cause, which Nodes before 22 and from then on write each in their own way")
	}
}

// portableRegExp fails unless a regular expression is one in every version.
func (s *scanner) portableRegExp(start int, source text, flags string) {
	if len(source.raw) > maxPortableRegExp || strings.ContainsAny(source.String(), "()[]{}*+?\\/\n\r\u2028\u2029") || strings.Contains(flags, "v") {
		s.failAt(start, BadValue, "not every Node takes the regular expression for one")
	}
}
