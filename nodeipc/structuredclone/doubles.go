package structuredclone

import (
	"encoding/binary"
	"math"
	"reflect"
)

// sizeOfDouble is that of a number with its tag.
const sizeOfDouble = 9

// doublesAhead says how many of the next values are doubles, up to most: arrays have many, one after the other.
func (s *scanner) doublesAhead(most int) (n int) {
	for rest := s.data[s.pos:]; n < most && len(rest) >= sizeOfDouble && rest[0] == tagDouble; n++ {
		rest = rest[sizeOfDouble:]
	}
	return n
}

// nextDouble reads one of those that are ahead.
func (s *scanner) nextDouble() float64 {
	bits := binary.LittleEndian.Uint64(s.data[s.pos+1:])
	s.pos += sizeOfDouble
	return math.Float64frombits(bits)
}

// encodeFloat64s writes a slice of float64.
func encodeFloat64s(e *encoder, v reflect.Value) {
	e.enter(nil)
	e.begin(tagDense)
	e.length(v.Len(), nil)
	for _, f := range float64sOf(v) {
		e.float64(f)
	}
	e.endDense(0, v.Len())
	e.leave()
}
