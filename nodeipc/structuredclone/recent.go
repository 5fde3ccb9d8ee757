package structuredclone

import (
	"encoding/binary"
	"math/bits"
)

// recentStrings has short strings that were made lately, so that they need not be made again: messages have the same
// keys, and some of the same values, over and over. Each has two places where it may be.
type recentStrings [1 << recentBits]recentString

type recentString struct {
	s string
	// boxed is s, once an any was made of it.
	boxed any
}

const (
	recentBits = 8
	// longestRecent is long enough for keys, types and addresses.
	longestRecent = 32
)

// string gives a string of these bytes.
func (r *recentStrings) string(b []byte) string {
	if len(b) > longestRecent {
		return string(b)
	}
	return r.find(b).s
}

// any is string in an any.
func (r *recentStrings) any(boxes *boxes, b []byte) any {
	if len(b) > longestRecent {
		return string(b)
	}
	entry := r.find(b)
	if entry.boxed == nil {
		entry.boxed = boxes.string(entry.s)
	}
	return entry.boxed
}

// find gives the entry of a string, which is made if it is not there.
func (r *recentStrings) find(b []byte) *recentString {
	slot := slotOf(b)
	first, second := &r[slot], &r[slot^1]
	switch {
	case first.s == string(b):
		return first
	case second.s == string(b):
		return second
	}
	*second = *first
	*first = recentString{s: string(b)}
	return first
}

// slotOf looks at the length and at both ends: where texts differ in the middle alone, they take turns in one slot.
func slotOf(b []byte) uint32 {
	var begin, end uint64
	switch n := len(b); {
	case n >= 8:
		begin, end = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		begin, end = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		begin, end = uint64(b[0])<<8|uint64(b[n/2]), uint64(b[n-1])
	}
	const mixer = 0x9E3779B97F4A7C15 // 2^64 over the golden ratio
	return uint32((begin*mixer ^ bits.RotateLeft64(end, 32) ^ uint64(len(b))) * mixer >> (64 - recentBits))
}
