package structuredclone

import "encoding/binary"

// piece is where a part of a text becomes UTF-8, before it is copied to where it stays: so that nothing is stored beyond
// the end of that, and no memory has to be cleared that is then written to.
type piece [sizeOfPiece + 8]byte

const (
	sizeOfPiece  = 1 << 10
	unitsInPiece = 320 // of up to three bytes each, and three units more where a pair ends beyond
)

// at gives the place of a byte, where there is room for eight. The compiler knows that it is within the piece.
func (p *piece) at(i int) []byte { return p[i&(sizeOfPiece-1):] }

// fill stores what a text begins with in WTF-8, and says how many bytes of each that was.
func (p *piece) fill(t text) (taken, given int) {
	if t.tag == tagTwoByte {
		return p.fillFromUTF16(t.raw)
	}
	return p.fillFromLatin1(t.raw)
}

// fillFromUTF16 is fill for units of UTF-16.
func (p *piece) fillFromUTF16(raw []byte) (taken, given int) {
	most := min(len(raw), 2*unitsInPiece)
	for most-taken >= len(blockOfUTF16{}) {
		if block := (*blockOfUTF16)(raw[taken:]); block.allShort() {
			taken, given = taken+len(block), p.putShort(block[:], given)
		} else {
			taken, given = p.putLong(raw, taken, given)
		}
	}
	for taken < most {
		taken, given = p.putUnits(raw, taken, most, given)
	}
	return taken, given
}

// putShort stores units, in fours, that take no more than two bytes each, and says where they end.
func (p *piece) putShort(raw []byte, given int) (end int) {
	for at := 0; at+8 <= len(raw); at += 8 {
		units := binary.LittleEndian.Uint64(raw[at:])
		given = p.putOne(units, given)
		given = p.putOne(units>>16, given)
		given = p.putOne(units>>32, given)
		given = p.putOne(units>>48, given)
	}
	return given
}

// putOne stores the lowest of some units, which takes no more than two bytes, and says where it ends.
func (p *piece) putOne(units uint64, given int) (end int) {
	encoded := shortUnits[units&uint64(len(shortUnits)-1)]
	binary.LittleEndian.PutUint16(p.at(given), uint16(encoded))
	return given + int(encoded>>16)
}

// putLong stores the units of a block, of which some take more than two bytes, and says where that and they end: it takes
// a unit more if it is half of a pair.
func (p *piece) putLong(raw []byte, from, given int) (taken, end int) {
	for taken = from; taken < from+len(blockOfUTF16{}); {
		if len(raw)-taken < 8 {
			return p.putUnits(raw, taken, len(raw), given)
		}
		units := binary.LittleEndian.Uint64(raw[taken:])
		switch first, second := uint32(units), uint32(units>>32); {
		case units&beyondTwo == 0:
			taken, given = taken+8, p.putShort(raw[taken:taken+8], given)
		case allThree(units):
			binary.LittleEndian.PutUint64(p.at(given), encodeThrees(units))
			binary.LittleEndian.PutUint64(p.at(given+6), encodeThrees(units>>32))
			taken, given = taken+8, given+12
		case isPair(first) && isPair(second):
			binary.LittleEndian.PutUint64(p.at(given), uint64(encodePair(first))|uint64(encodePair(second))<<32)
			taken, given = taken+8, given+8
		default:
			taken, given = p.putUnits(raw, taken, taken+8, given)
		}
	}
	return taken, given
}

// putUnits stores units one by one, from one offset until the other or the end of the first pair, and says where both end.
func (p *piece) putUnits(raw []byte, taken, until, given int) (int, int) {
	for taken < until {
		unit := uint32(binary.LittleEndian.Uint16(raw[taken:]))
		if unit < uint32(len(shortUnits)) {
			taken, given = taken+2, p.putOne(uint64(unit), given)
			continue
		}
		if unit&halfBits == firstHalf && len(raw)-taken >= 4 {
			if two := binary.LittleEndian.Uint32(raw[taken:]); isPair(two) {
				binary.LittleEndian.PutUint32(p.at(given), encodePair(two))
				return taken + 4, given + 4
			}
		}
		binary.LittleEndian.PutUint32(p.at(given), encodeThree(unit))
		taken, given = taken+2, given+3
	}
	return taken, given
}

// fillFromLatin1 is fill for one byte a character.
func (p *piece) fillFromLatin1(raw []byte) (taken, given int) {
	most := min(len(raw), unitsInPiece)
	for taken < most {
		if taken+8 <= most {
			if eight := binary.LittleEndian.Uint64(raw[taken:]); eight&highBits == 0 {
				binary.LittleEndian.PutUint64(p.at(given), eight)
				taken, given = taken+8, given+8
				continue
			}
		}
		for until := min(taken+8, most); taken < until; taken++ {
			given = p.putOne(uint64(raw[taken]), given)
		}
	}
	return taken, given
}
