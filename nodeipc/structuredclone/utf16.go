package structuredclone

import (
	"encoding/binary"
	"math/bits"
)

// Four units of UTF-16 at once, as they are in a uint64.
const (
	eachUnit     = 0x0001000100010001
	beyondASCII  = 0xFF80 * eachUnit
	beyondTwo    = 0xF800 * eachUnit // what takes three bytes in UTF-8
	unitHighBits = 0x8000 * eachUnit
)

// Surrogates are told by their highest bits: that they are some, and which half of a pair.
const (
	surrogateBits = 0xF800
	surrogates    = 0xD800
	halfBits      = 0xFC00
	firstHalf     = 0xD800
	secondHalf    = 0xDC00
)

// anyIn marks each unit that has some of the bits of mask, in its highest bit.
func anyIn(units, mask uint64) uint64 {
	units &= mask
	return (units&^unitHighBits + ^uint64(unitHighBits) | units) & unitHighBits
}

// alike marks each unit whose bits in mask are those of one.
func alike(units, mask, one uint64) uint64 {
	return anyIn(units^one*eachUnit, mask*eachUnit) ^ unitHighBits
}

// blockOfUTF16 is units that are looked at together.
type blockOfUTF16 [64]byte

func (b *blockOfUTF16) four(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// allShort says that no unit takes more than two bytes in UTF-8.
func (b *blockOfUTF16) allShort() bool {
	return (b.four(0)|b.four(8)|b.four(16)|b.four(24)|b.four(32)|b.four(40)|b.four(48)|b.four(56))&beyondTwo == 0
}

// countTwo says how many units take two bytes in UTF-8, if all are short.
func (b *blockOfUTF16) countTwo() int {
	var sum uint64
	for at := 0; at < len(b); at += 8 {
		// The addition carries into the highest bit of what is not ASCII.
		sum += (b.four(at) + 0x7F80*eachUnit) >> 15 & eachUnit
	}
	return int(sum * eachUnit >> 48)
}

// sizeOfUTF16 is how many bytes raw takes in WTF-8.
func sizeOfUTF16(raw []byte) int {
	n := len(raw) / 2
	// Two bytes more are there than are counted: a pair may end in them.
	for len(raw) >= len(blockOfUTF16{})+2 {
		if block := (*blockOfUTF16)(raw); block.allShort() {
			n += block.countTwo()
		} else {
			n += block.countMore((*blockOfUTF16)(raw[2:]))
		}
		raw = raw[len(blockOfUTF16{}):]
	}
	for len(raw) > 0 {
		taken, given := sizeOfUnit(raw)
		n += given - taken/2
		raw = raw[taken:]
	}
	return n
}

// countMore says how many bytes more than one each unit takes in WTF-8. next is the block that begins with the second.
// Where a pair ends a unit before the first, its second half counts as one that is alone.
func (b *blockOfUTF16) countMore(next *blockOfUTF16) (n int) {
	for at := 0; at < len(b); at += 8 {
		units := b.four(at)
		n += bits.OnesCount64(anyIn(units, beyondASCII) | anyIn(units, beyondTwo)>>1)
		if firsts := alike(units, halfBits, firstHalf); firsts != 0 {
			n -= 2 * bits.OnesCount64(firsts&alike(next.four(at), halfBits, secondHalf))
		}
	}
	return n
}

// shortUnits has the one byte or two of UTF-8 that each unit becomes which takes no more, and above them how many.
var shortUnits = func() (all [0x800]uint32) {
	for unit := range uint32(len(all)) {
		if unit < 0x80 {
			all[unit] = unit | 1<<16
		} else {
			all[unit] = 0x80C0 | unit>>6 | unit&0x3F<<8 | 2<<16
		}
	}
	return all
}()

// encodeThree gives a unit that takes three bytes in WTF-8.
func encodeThree(unit uint32) uint32 {
	return 0x8080E0 | unit>>12 | unit&0xFC0<<2 | unit&0x3F<<16
}

// isPair says that two units are the halves of a pair.
func isPair(two uint32) bool {
	return two&(halfBits<<16|halfBits) == secondHalf<<16|firstHalf
}

// encodePair gives a pair of surrogates in UTF-8.
func encodePair(two uint32) uint32 {
	character := 0x10000 + two&0x3FF<<10 + two>>16&0x3FF
	return 0x808080F0 | character>>18 | character>>4&0x3F00 | character&0xFC0<<10 | character&0x3F<<24
}

// allThree says that each of four units takes three bytes in WTF-8, and is half of no pair.
func allThree(units uint64) bool {
	return anyIn(units, beyondTwo)&^alike(units, surrogateBits, surrogates) == unitHighBits
}

// encodeThrees gives the first two of four units that take three bytes each.
func encodeThrees(units uint64) (six uint64) {
	const each = 1<<32 | 1
	two := units&0xFFFF | units&0xFFFF0000<<16
	two = 0x8080E0*each | two>>12&(0xF*each) | two&(0xFC0*each)<<2 | two&(0x3F*each)<<16
	return two&0xFFFFFF | two>>32<<24
}

// sizeOfUnit is how many bytes the first unit of raw takes, or a pair of surrogates, and in WTF-8.
func sizeOfUnit(raw []byte) (taken, given int) {
	switch unit := binary.LittleEndian.Uint16(raw); {
	case unit < 0x80:
		return 2, 1
	case unit < 0x800:
		return 2, 2
	case len(raw) >= 4 && isPair(binary.LittleEndian.Uint32(raw)):
		return 4, 4
	}
	return 2, 3
}
