package structuredclone

import (
	"encoding/binary"
	"math"
	"math/big"
	"reflect"
	"slices"
)

// encoder appends one message to out. It panics with a failure.
type encoder struct {
	out []byte
	// base is where the message begins in out: two-byte strings are aligned to that.
	base   int
	form   form
	depth  int
	nextID uint32
	ids    identities
	path   path
	// room is for messages of which a copy is given.
	room []byte
	// keys and entries are those of the maps being written, each map's sorted.
	keys    []mapKey
	entries []Property
}

func (e *encoder) fail(kind Kind, v any, detail string, cause error) {
	panic(failure{&CloneError{Kind: kind, Type: reflect.TypeOf(v), Field: e.path.String(), Detail: detail, Err: cause}})
}

func (e *encoder) enter(v any) {
	if e.depth++; e.depth > MaxDepth {
		e.fail(TooDeep, v, "it is nested deeper than the format is read", nil)
	}
}

func (e *encoder) leave() { e.depth-- }

func (e *encoder) byte(b byte) { e.out = append(e.out, b) }

func (e *encoder) varint(n uint32) { e.out = binary.AppendUvarint(e.out, uint64(n)) }

// length writes one that a message cannot hold more than.
func (e *encoder) length(n int, v any) {
	if uint64(n) > math.MaxUint32 {
		e.fail(OutOfRange, v, "it is longer than 4 GiB", nil)
	}
	e.varint(uint32(n))
}

func (e *encoder) double(f float64) {
	e.out = binary.LittleEndian.AppendUint64(e.out, math.Float64bits(f))
}

func (e *encoder) bool(b bool) {
	if b {
		e.byte(tagTrue)
	} else {
		e.byte(tagFalse)
	}
}

func (e *encoder) int32(n int32) {
	e.byte(tagInt32)
	e.varint(uint32(n)<<1 ^ uint32(n>>31))
}

// number writes f in the shorter of the forms that it has.
func (e *encoder) number(f float64) {
	if n, ok := asInt32(f); ok {
		e.int32(n)
		return
	}
	e.taggedDouble(f)
}

// taggedDouble writes a double with its tag, as one.
func (e *encoder) taggedDouble(f float64) {
	b := math.Float64bits(f)
	e.out = append(e.out, tagDouble,
		byte(b), byte(b>>8), byte(b>>16), byte(b>>24), byte(b>>32), byte(b>>40), byte(b>>48), byte(b>>56))
}

// digits writes what follows the tag of a BigInt, in 64-bit words as V8 does.
func (e *encoder) digits(n *big.Int) {
	const word = 8
	size := (n.BitLen() + 63) / 64 * word
	if size > math.MaxInt32 {
		e.fail(OutOfRange, n, "it has more digits than a BigInt", nil)
	}
	bits := uint32(size) << 1
	if n.Sign() < 0 {
		bits |= 1
	}
	e.varint(bits)
	out := e.extend(size)
	n.FillBytes(out)
	slices.Reverse(out)
}

func (e *encoder) string(s string) {
	if isASCII(bytesOf(s)) {
		e.byte(tagOneByte)
		e.length(len(s), s)
		e.out = append(e.out, s...)
		return
	}
	if !e.wideString(bytesOf(s)) {
		e.wideString(bytesOf(repaired(s)))
	}
}

// wideString writes a string that is not ASCII, or nothing if it is not WTF-8.
func (e *encoder) wideString(s []byte) bool {
	start := len(e.out)
	units, wide := measure(s)
	size := units
	if wide {
		size *= 2
		if (start-e.base+1+varintSize(size))%2 != 0 {
			e.byte(tagPadding)
		}
		e.byte(tagTwoByte)
	} else {
		e.byte(tagOneByte)
	}
	e.length(size, s)
	out := e.extend(size)
	if wide && putUTF16(out, s) || !wide && putLatin1(out, s) {
		return true
	}
	e.out = e.out[:start]
	return false
}

// extend makes out longer, by what is yet to be written.
func (e *encoder) extend(size int) []byte {
	n := len(e.out)
	e.out = slices.Grow(e.out, size)[:n+size]
	return e.out[n:]
}

func varintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// key writes a property's name, which is a number where it is an array index.
func (e *encoder) key(name string) {
	index, ok := arrayIndex(name)
	if !ok {
		e.string(name)
		return
	}
	e.number(float64(index))
}

// begin writes the tag of an object and gives its number.
func (e *encoder) begin(tag byte) uint32 {
	e.byte(tag)
	id := e.nextID
	e.nextID++
	return id
}
