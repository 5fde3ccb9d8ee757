package structuredclone

import (
	"encoding/binary"
	"math/bits"
)

// recentStrings has short strings that were made lately, so that they need not be made again: messages have the same
// keys, and some of the same values, over and over. Each has two places where it may be.
type recentStrings struct {
	all [1 << recentBits]recentString
	// lastKey is where the key is that was read last.
	lastKey uint8
}

type recentString struct {
	s string
	// boxed is s, once an any was made of it.
	boxed any
	ascii bool
	// next is where the key is that was read after s, when s was a key.
	next uint8
}

const (
	recentBits = 8 // of a uint8
	// maxRecent is long enough for keys, types and addresses.
	maxRecent = 32
)

// string gives a string of these bytes.
func (r *recentStrings) string(b []byte) string {
	if len(b) > maxRecent {
		return string(b)
	}
	return r.all[r.find(b)].s
}

// key is string for a property's name.
func (r *recentStrings) key(b []byte) string {
	if len(b) > maxRecent {
		return string(b)
	}
	slot := r.find(b)
	r.all[r.lastKey].next = slot
	r.lastKey = slot
	return r.all[slot].s
}

// likelyKey gives the key that came after the last one before, if it is what data begins with, and how many bytes that
// takes. Objects that are alike follow each other.
func (r *recentStrings) likelyKey(data []byte) (key string, size int) {
	slot := r.all[r.lastKey].next
	likely := &r.all[slot]
	size = 2 + len(likely.s)
	if !likely.ascii || len(data) < size || data[0] != tagOneByte || int(data[1]) != len(likely.s) ||
		string(data[2:size]) != likely.s {
		return "", 0
	}
	r.lastKey = slot
	return likely.s, size
}

// any is string in an any.
func (r *recentStrings) any(boxes *boxes, b []byte) any {
	if len(b) > maxRecent {
		return string(b)
	}
	entry := &r.all[r.find(b)]
	if entry.boxed == nil {
		entry.boxed = boxes.string(entry.s)
	}
	return entry.boxed
}

// find says where a string is, which is made if it is not there.
func (r *recentStrings) find(b []byte) (slot uint8) {
	slot = slotOf(b)
	first, second := &r.all[slot], &r.all[slot^1]
	switch {
	case first.s == string(b):
		return slot
	case second.s == string(b):
		return slot ^ 1
	}
	*second = *first
	*first = recentString{s: string(b), ascii: isASCII(b)}
	return slot
}

// slotOf looks at the length and at both ends: where texts differ in the middle alone, they take turns in one slot.
func slotOf(b []byte) uint8 {
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
	return uint8((begin*mixer ^ bits.RotateLeft64(end, 32) ^ uint64(len(b))) * mixer >> (64 - recentBits))
}
