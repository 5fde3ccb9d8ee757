package relay

import (
	"bytes"
	"encoding/binary"
)

// splitter finds where in a stream the frames end. Of a frame that comes in several pieces it keeps no more than
// the beginning.
type splitter struct {
	advanced bool
	most     int

	size      int    // of the frame on its way, as far as it has come
	kept      []byte // of its payload
	truncated bool
	length    [lengthSize]byte
}

// lengthSize is that of the number before a frame in advanced serialization.
const lengthSize = 4

// keptRoom is how much memory is kept for the next frame.
const keptRoom = 64 << 10

// next takes from b, which is not empty, what belongs to one frame. When the frame is whole with that, payload is
// its own until the next call, before which end has to be called.
func (s *splitter) next(b []byte) (n int, whole bool, payload []byte) {
	if s.size == 0 {
		s.begin()
	}
	if s.advanced {
		n, whole, payload = s.nextAdvanced(b)
	} else {
		n, whole, payload = s.nextLine(b)
	}
	s.size += n
	return n, whole, payload
}

// begin forgets the last frame.
func (s *splitter) begin() {
	if s.kept = s.kept[:0]; cap(s.kept) > keptRoom {
		s.kept = nil
	}
	s.truncated = false
}

// end is to be called after a frame that was whole, of which it says what there is to know.
func (s *splitter) end() (size int, truncated bool) {
	size, s.size = s.size, 0
	return size, s.truncated
}

func (s *splitter) nextLine(b []byte) (n int, whole bool, payload []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		s.keep(b)
		return len(b), false, nil
	}
	return end + 1, true, s.last(b[:end], s.size)
}

func (s *splitter) nextAdvanced(b []byte) (n int, whole bool, payload []byte) {
	if s.size < lengthSize {
		n = copy(s.length[s.size:], b)
	}
	had := s.size + n
	if had < lengthSize {
		return n, false, nil
	}
	rest := uint64(binary.BigEndian.Uint32(s.length[:])) - uint64(had-lengthSize)
	if rest > uint64(len(b)-n) {
		s.keep(b[n:])
		return len(b), false, nil
	}
	end := n + int(rest)
	return end, true, s.last(b[n:end], had-lengthSize)
}

// last gives the whole payload: b is the rest of it, of which there was some before.
func (s *splitter) last(b []byte, before int) []byte {
	if before == 0 && len(b) <= s.most {
		return b
	}
	s.keep(b)
	return s.kept
}

func (s *splitter) keep(b []byte) {
	if room := s.most - len(s.kept); len(b) > room {
		b, s.truncated = b[:room], true
	}
	s.kept = append(s.kept, b...)
}
