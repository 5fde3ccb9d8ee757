package structuredclone

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
)

func (s *scanner) int32() int32 {
	n := s.varint()
	return int32(n>>1) ^ -int32(n&1)
}

func (s *scanner) double() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(s.take(8)))
}

// number reads what follows the tag of one.
func (s *scanner) number(tag byte) float64 {
	switch tag {
	case tagInt32:
		return float64(s.int32())
	case tagUint32:
		return float64(s.varint())
	}
	return s.double()
}

// digits reads what follows the tag of a BigInt: the absolute value, little-endian.
func (s *scanner) digits() (negative bool, magnitude []byte) {
	start := s.pos
	bits := s.varint()
	if s.portable && (bits == 1 || bits>>1 > maxPortableBigInt) {
		s.failAt(start, BadValue, "a BigInt that is minus zero, or longer than one may be")
	}
	return bits&1 != 0, s.take(bits >> 1)
}

func (s *scanner) bigInt() *big.Int {
	negative, magnitude := s.digits()
	bigEndian := slices.Clone(magnitude)
	slices.Reverse(bigEndian)
	n := new(big.Int).SetBytes(bigEndian)
	if negative {
		n.Neg(n)
	}
	return n
}

// text reads what follows the tag of a string.
func (s *scanner) text(tag byte) text {
	start := s.pos
	raw := s.take(s.varint())
	if tag == tagTwoByte && len(raw)%2 != 0 {
		s.failAt(start, BadLength, "a two-byte string of %d bytes", len(raw))
	}
	return text{tag, raw}
}

// someText reads a string with its tag.
func (s *scanner) someText(what string) text {
	start := s.pos
	tag := s.tag()
	switch tag {
	case tagOneByte, tagTwoByte, tagUTF8:
		return s.text(tag)
	}
	s.failAt(start, BadValue, "%s is not a string", what)
	return text{}
}

// key reads a property's name, which may be a number.
func (s *scanner) key() (name text, number float64, isNumber bool) {
	start := s.pos
	tag := s.tag()
	switch tag {
	case tagOneByte, tagTwoByte, tagUTF8:
		return s.text(tag), 0, false
	case tagInt32, tagUint32, tagDouble:
		return text{}, s.number(tag), true
	}
	s.failAt(start, BadValue, "a key is neither a string nor a number")
	return text{}, 0, false
}
